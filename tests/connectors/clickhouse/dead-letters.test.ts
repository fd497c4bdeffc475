// Dead letters that the sink makes itself, over a real log and a real ClickHouse: each once, through crashes and
// through publishes of which nobody knows whether they were applied.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { DeadLetterBox } from '../../../connectors/dead-letter-box.ts';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import type { Log, StoredRecord } from '../../../connectors/log.ts';
import { openEmbeddedRegistry } from '../../../connectors/registry/embedded.ts';
import { openWire } from '../../../connectors/wire/wire.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { invalid, type Outcome } from '../../../schemas/outcome.ts';
import type { Message } from '../../../schemas/topic.ts';
import { topics } from '../../../schemas/topics.ts';
import { chunkOf, deliverAll, Partition } from './partition.ts';
import { Crash, openSink, range, stored } from './sink.ts';

const sink = await openSink();
const directory = await mkdtemp(join(tmpdir(), 'millrace-letters-'));
const log = await openEmbeddedLog({
  directory: join(directory, 'log'),
  fsync: false,
  segmentBytesMax: 1_048_576,
  retentionMs: 604_800_000,
});
const registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });
const wire = await openWire({ topics, registry, format: 'json' });
after(async () => {
  await log.close();
  await sink.close();
  await rm(directory, { recursive: true, force: true });
});
await log.createTopics([{ name: 'dead-letters', partitions: 3 }]);

type Publish = Log['publish'];

/** A box over this log with something going wrong around its publishes. */
const boxOf = (publish: Publish = (batches) => log.publish(batches), othersTopics: readonly string[] = []) =>
  new DeadLetterBox({
    log: Object.assign(Object.create(log) as Log, {
      publish,
      ranges: (names?: readonly string[]) => log.ranges(names),
      read: (...args: Parameters<Log['read']>) => log.read(...args),
    }),
    wire,
    stage: 'sinks',
    othersTopics,
    now: () => 1_763_722_800_000,
  });

/** Offsets of this test that dead letters are about, in order. */
async function told(): Promise<readonly number[]> {
  const ranges = await log.ranges(['dead-letters']);
  const starts = new Map(ranges.map(({ partition, start }) => [partition, start]));
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  const offsets: number[] = [];
  for await (const { partition, records } of log.read('dead-letters', { from: starts, to }))
    for (const record of records) {
      const letter = wire.decode('dead-letters', partition, record) as Message;
      if (letter.fromTopic === 'predictions') offsets.push(letter.fromOffset as number);
    }
  return offsets.filter((offset) => offset >= from && offset < from + 1_000).sort((a, b) => a - b);
}

async function rows(): Promise<number> {
  const [seen] = await sink.clickhouse.query<{ rows: number }>('SELECT count() AS rows FROM predictions');
  return seen!.rows;
}

const everyThird = (record: StoredRecord): Outcome<Message> =>
  record.offset % 3 === 0 ? invalid('malformed-json', 'not JSON') : stored(record);
const reading = { outcomeOf: everyThird, chunkRecords: 10 };

let partition: Partition;
/** The log is one for all tests: each has offsets of its own. */
let from = 0;

const expected = (): readonly number[] => range(from, from + 25).filter((offset) => offset % 3 === 0);

const letter = (topic: string) => {
  const one = new Partition(topic, [1]);
  return boxOf().lettersOf(chunkOf(one.assign(), one.records, () => invalid('no-text', 'none')));
};

describe('dead letters of the sink', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    from += 1_000;
    partition = new Partition('predictions', range(from, from + 25));
  });

  it('are published with the rows of their range', async () => {
    await deliverAll(partition, sink.deliveryOf({ letters: boxOf() }), reading);
    assert.deepEqual(await told(), expected());
    assert.equal(await rows(), 25 - expected().length);
  });

  it('are once when a publish fails after it was applied', async () => {
    let publishes = 0;
    const letters = boxOf(async (batches) => {
      publishes += 1;
      const published = await log.publish(batches);
      if (publishes === 1) throw new Retryable('no answer', { code: 'test' });
      return published;
    });
    await deliverAll(partition, sink.deliveryOf({ letters }), reading);
    assert.deepEqual(await told(), expected());
  });

  it('are once when a publish fails before it was applied, and when only a part was', async () => {
    let publishes = 0;
    const letters = boxOf(async (batches) => {
      publishes += 1;
      if (publishes === 1) throw new Retryable('not sent', { code: 'test' });
      if (publishes === 2) {
        await log.publish(batches.map(({ topic, records }) => ({ topic, records: records.slice(0, 2) })));
        throw new Retryable('cut off', { code: 'test' });
      }
      return log.publish(batches);
    });
    await deliverAll(partition, sink.deliveryOf({ letters }), reading);
    assert.deepEqual(await told(), expected());
  });

  it('are once when the process dies after publishing them', async () => {
    const letters = boxOf(async (batches) => {
      await log.publish(batches);
      throw new Crash('published');
    });
    await assert.rejects(() => deliverAll(partition, sink.deliveryOf({ letters }), reading), Crash);
    // Another stage writes its own in between.
    await boxOf().publish(letter('scores'));
    await deliverAll(partition, sink.deliveryOf({ letters: boxOf() }), reading);
    assert.deepEqual(await told(), expected());
  });

  it('are once when the process dies between the insert and publishing them', async () => {
    const letters = boxOf(async () => {
      throw new Crash('inserted, not published');
    });
    await assert.rejects(() => deliverAll(partition, sink.deliveryOf({ letters }), reading), Crash);
    await deliverAll(partition, sink.deliveryOf({ letters: boxOf() }), reading);
    assert.deepEqual(await told(), expected());
    assert.equal(await rows(), 25 - expected().length);
  });

  it('are journalled for a chunk without rows, too', async () => {
    const letters = boxOf(async (batches) => {
      await log.publish(batches);
      throw new Crash('published');
    });
    const bad = { ...reading, outcomeOf: () => invalid('no-text', 'none') };
    await assert.rejects(() => deliverAll(partition, sink.deliveryOf({ letters }), bad), Crash);
    assert.match(partition.position!.metadata, /"letters":"dead-letters:/);
    await deliverAll(partition, sink.deliveryOf({ letters: boxOf() }), bad);
    assert.deepEqual(
      await told(),
      partition.records.map(({ offset }) => offset),
    );
  });

  it('are left to the stream that reads the same records', async () => {
    await deliverAll(partition, sink.deliveryOf({ letters: boxOf(undefined, ['predictions']) }), reading);
    assert.deepEqual(await told(), []);
    assert.ok(partition.commits.every(([, metadata]) => !metadata.includes('letters')));
  });
});
