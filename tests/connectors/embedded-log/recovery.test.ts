// What the embedded log makes of files that a killed process, a full disk or bad luck left behind.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  openSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Recovery } from '../../../connectors/embedded-log/settings.ts';
import type { Log } from '../../../connectors/log.ts';
import { encodeRecords } from '../../../connectors/record-batch/encode.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { allRecords, record, textOf, texts } from '../../contract/log/subject.ts';
import { logs, partitionFiles } from './subject.ts';

const padding = 'x'.repeat(1_000);
const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => record('k', `${from + index} ${padding}`));
const numbers = async (log: Log): Promise<number[]> =>
  (await allRecords(log, 't')).map(([, one]) => Number.parseInt(textOf(one), 10));
const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

/** A closed log whose topic `t` has one partition with records 0 to 299 in batches of 10. */
async function filled(t: TestContext, segmentBytesMax = 67_108_864) {
  const { directory, open } = logs(t);
  const log = await open({ segmentBytesMax });
  await log.createTopics([{ name: 't', partitions: 1 }]);
  for (let batch = 0; batch < 30; batch++)
    await log.publish([{ topic: 't', records: numbered(10 * batch, 10) }]);
  await log.close();
  const file = (ending: string, place = -1): string => {
    const { at, names } = partitionFiles(directory, 't', ending);
    return join(at, names.at(place)!);
  };
  return { directory, open, file };
}

describe('the end of the last segment', () => {
  const next = encodeRecords(numbered(300, 10), 300);
  const wrongChecksum = Buffer.from(next);
  wrongChecksum[wrongChecksum.length - 1]! ^= 1;
  const endless = Buffer.from(next);
  endless.writeInt32BE(0x7fffffff, 8);
  const tails: readonly (readonly [string, Buffer])[] = [
    ['half a batch', next.subarray(0, next.length / 2)],
    ['half a header', next.subarray(0, 30)],
    ['one byte', next.subarray(0, 1)],
    ['zeros, as a filesystem leaves them after a power cut', Buffer.alloc(8_192)],
    ['a batch with a wrong checksum', wrongChecksum],
    ['a batch that claims two gigabytes', endless],
    ['noise', Buffer.from(upTo(5_000).map((n) => (n * 7_919) % 251))],
    ['a batch with offsets from before', encodeRecords(numbered(5, 10), 5)],
  ];
  for (const [what, tail] of tails)
    it(`loses ${what} and nothing else`, async (t) => {
      const { open, file } = await filled(t);
      appendFileSync(file('.log'), tail);
      const recoveries: Recovery[] = [];
      const log = await open({ onRecovery: (recovery) => recoveries.push(recovery) });
      assert.deepEqual(
        recoveries.map(({ droppedBytes }) => droppedBytes),
        [tail.length],
      );
      assert.deepEqual(await numbers(log), upTo(300));
      const [published] = await log.publish([{ topic: 't', records: numbered(300, 5) }]);
      assert.equal(published?.baseOffset, 300);
      await log.close();
      const reopened = await open({ onRecovery: () => assert.fail('nothing is left to recover') });
      assert.deepEqual(await numbers(reopened), upTo(305));
    });

  it('may be cut inside any batch', async (t) => {
    const { open, file } = await filled(t);
    const bytes = readFileSync(file('.log')).length;
    for (const cut of [1, 15_000, 70_000]) {
      truncateSync(file('.log'), bytes - cut);
      const log = await open();
      const found = await numbers(log);
      assert.deepEqual(found, upTo(found.length));
      assert.equal(found.length, 10 * Math.floor((bytes - cut) / (bytes / 30)));
      assert.equal((await log.ranges(['t']))[0]?.end, found.length);
      await log.close();
    }
  });
});

describe('an index', () => {
  it('that is missing, torn or wrong is made anew', async (t) => {
    const { open, file } = await filled(t, 100_000);
    const damageAt = (places: readonly number[], damage: (path: string) => void): void => {
      for (const place of places) damage(file('.index', place));
    };
    const spoil: readonly (() => void)[] = [
      () => damageAt([0, 1, -1], unlinkSync),
      () => damageAt([0, -1], (path) => truncateSync(path, 9)),
      () => damageAt([0, -1], (path) => writeFileSync(path, Buffer.alloc(48, 0x3f))),
    ];
    for (const damage of spoil) {
      damage();
      const log = await open({ segmentBytesMax: 100_000 });
      assert.deepEqual(await numbers(log), upTo(300));
      const from = new Map([[0, 65]]);
      for await (const { records } of log.read('t', { from, to: new Map([[0, 67]]) }))
        assert.deepEqual(
          records.map(({ offset }) => offset),
          [65, 66],
        );
      await log.close();
    }
  });

  it('spares opening from reading sealed segments', async (t) => {
    const { open, file } = await filled(t, 100_000);
    const descriptor = openSync(file('.log', 0), 'r+');
    writeSync(descriptor, Buffer.alloc(100, 0xff), 0, 100, 20_000);
    await open({ segmentBytesMax: 100_000 });
  });
});

describe('damage in the middle', () => {
  it('is an error that names the file, the place and the way out', async (t) => {
    const { open, file } = await filled(t, 100_000);
    const bytes = readFileSync(file('.log', 0));
    bytes[20_000]! ^= 1;
    writeFileSync(file('.log', 0), bytes);
    const log = await open({ segmentBytesMax: 100_000 });
    const isNamed = (error: unknown): boolean =>
      error instanceof Misconfigured &&
      error.code === 'corrupt-log' &&
      error.message.includes(file('.log', 0)) &&
      error.fix.length > 0;
    await assert.rejects(numbers(log), isNamed);
    const options = {
      ...{ group: 'g', topics: ['t'], concurrency: 1, fetchWaitMs: 10, fetchBytesMin: 1 },
      ...{ partitionBytesMax: 1_000_000, sessionTimeoutMs: 6_000 },
    };
    const subscription = await log.subscribe(options, async () => {});
    await assert.rejects(subscription.done, isNamed);
  });
});

describe('an interrupted compaction', () => {
  it('that was still writing did not happen', async (t) => {
    const { open, file } = await filled(t, 100_000);
    writeFileSync(file('.log', 0).replace('.log', '.clean'), 'half of it');
    assert.deepEqual(await numbers(await open()), upTo(300));
  });

  it('that had decided is finished', async (t) => {
    const { directory, open, file } = await filled(t, 100_000);
    const { names } = partitionFiles(directory, 't', '.log');
    const [first, third] = [names[0]!.slice(0, 20), names[2]!.slice(0, 20)];
    const swap = file('.log', 0).replace(`${first}.log`, `${first}-${third}.swap`);
    const kept = [3, 70, 99].map((offset) => ({ ...record('k', `${offset} kept`), offset }));
    const { encodeSparse } = await import('../../../connectors/record-batch/encode.ts');
    writeFileSync(swap, encodeSparse(kept, 0, Number(third) - 1));
    copyFileSync(swap, `${swap}.copy`);
    const expected = [...[3, 70, 99].filter((n) => n < Number(third)), ...upTo(300).slice(Number(third))];
    for (let time = 0; time < 2; time++) {
      const log = await open();
      assert.deepEqual(await numbers(log), expected);
      await log.close();
      copyFileSync(`${swap}.copy`, swap);
    }
  });
});

describe('a topic whose making was interrupted', () => {
  it('does not exist and can be made', async (t) => {
    const { directory, open } = logs(t);
    const log = await open();
    await log.createTopics([{ name: 't', partitions: 2 }]);
    await log.close();
    unlinkSync(join(directory, 't', 'topic.json'));
    const again = await open();
    assert.deepEqual(await again.ranges(), []);
    await again.createTopics([{ name: 't', partitions: 2 }]);
    await again.publish([{ topic: 't', records: texts('m', 4) }]);
    assert.equal((await allRecords(again, 't')).length, 4);
  });
});
