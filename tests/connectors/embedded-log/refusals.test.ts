// What the embedded log refuses, in which words, and that nothing is written when it does.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { record, subscribing, texts } from '../../contract/log/subject.ts';
import { logs } from './subject.ts';

const misconfigured =
  (code: string, mention: string) =>
  (error: unknown): boolean =>
    error instanceof Misconfigured &&
    error.code === code &&
    error.message.includes(mention) &&
    error.fix.length > 0;

describe('opening', () => {
  it('refuses a directory that cannot be one', async (t) => {
    const { directory } = logs(t);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const under = join(file, 'log');
    for (const path of [file, under])
      await assert.rejects(openEmbeddedLog({ directory: path }), misconfigured('unwritable-directory', path));
  });

  it('refuses a topic whose metadata is damaged', async (t) => {
    const { directory, open } = logs(t);
    const log = await open();
    await log.createTopics([{ name: 't', partitions: 1 }]);
    await log.close();
    writeFileSync(join(directory, 't', 'topic.json'), '{"name":');
    await assert.rejects(open(), misconfigured('corrupt-topic', 'topic.json'));
  });
});

describe('topics', () => {
  it('must have a name Kafka would take, which cannot leave the directory', async (t) => {
    const log = await logs(t).open();
    for (const name of ['', '.', '..', '../up', 'a/b', 'a b', 'ä', '__internal', 'x'.repeat(250)])
      await assert.rejects(
        log.createTopics([{ name, partitions: 1 }]),
        misconfigured('bad-topic-name', name),
      );
    for (const partitions of [0, -1, 1.5, Number.NaN, 1e9])
      await assert.rejects(
        log.createTopics([
          { name: 'good', partitions: 1 },
          { name: 'bad', partitions },
        ]),
        misconfigured('bad-partition-count', 'bad'),
      );
    assert.deepEqual(await log.ranges(), []);
  });

  it('must exist', async (t) => {
    const log = await logs(t).open();
    const unknown = misconfigured('unknown-topic', 'nowhere');
    await log.createTopics([{ name: 't', partitions: 1 }]);
    const records = texts('m', 1);
    await assert.rejects(
      log.publish([
        { topic: 't', records },
        { topic: 'nowhere', records },
      ]),
      unknown,
    );
    await assert.rejects(
      log.subscribe(subscribing('g', 'nowhere'), async () => {}),
      unknown,
    );
    await assert.rejects(log.ranges(['nowhere']), unknown);
    assert.throws(() => log.read('t', { from: new Map([[7, 0]]) }), misconfigured('unknown-topic', '7'));
    assert.equal((await log.ranges(['t']))[0]?.end, 0);
  });
});

describe('records', () => {
  it('above the limit keep the whole publish out', async (t) => {
    const log = await logs(t).open();
    await log.createTopics([
      { name: 'wide', partitions: 1 },
      { name: 'narrow', partitions: 2, recordBytesMax: 1_000 },
    ]);
    const large = record('k', 'x'.repeat(1_000));
    const publish = log.publish([
      { topic: 'wide', records: [large] },
      { topic: 'narrow', records: [...texts('small', 20), large] },
    ]);
    await assert.rejects(publish, misconfigured('record-too-large', 'narrow'));
    assert.ok((await log.ranges()).every(({ end }) => end === 0));
    const headers = { large: Buffer.alloc(1_000) };
    await assert.rejects(
      log.publish([{ topic: 'narrow', records: [{ ...record('k', 'v'), headers }] }]),
      misconfigured('record-too-large', 'narrow'),
    );
  });

  it('of a compacted topic need a key', async (t) => {
    const log = await logs(t).open();
    await log.createTopics([{ name: 't', partitions: 1, compacted: true }]);
    await assert.rejects(
      log.publish([{ topic: 't', records: [record('k', 'v'), record(null, 'v')] }]),
      misconfigured('key-missing', 't'),
    );
    assert.equal((await log.ranges(['t']))[0]?.end, 0);
  });
});
