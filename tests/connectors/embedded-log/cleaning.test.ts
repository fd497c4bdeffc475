// Retention and compaction: what goes, what stays, and that readers do not notice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log, LogRecord } from '../../../connectors/log.ts';
import { allRecords, reached, record, subscribing, textOf } from '../../contract/log/subject.ts';
import { logs, partitionFiles } from './subject.ts';

const hourMs = 3_600_000;
const padded = (key: string, value: string, timestamp?: number): LogRecord =>
  record(key, `${value} ${'x'.repeat(1_000)}`, timestamp);
const first = (text: string): string => text.split(' ')[0]!;

/** Publishes `rounds` times one record for each of `keys`, value `<key>-<round>`. */
async function publishRounds(log: Log, keys: number, from: number, rounds: number): Promise<void> {
  for (let round = from; round < from + rounds; round++) {
    const records = Array.from({ length: keys }, (_, key) => padded(`k${key}`, `k${key}-${round}`));
    await log.publish([{ topic: 't', records }]);
  }
}

describe('retention', () => {
  it('deletes the oldest sealed segments above the size, and moves the start', async (t) => {
    const { directory, open } = logs(t);
    const log = await open({ segmentBytesMax: 20_000, retentionBytes: 50_000 });
    await log.createTopics([{ name: 't', partitions: 1 }]);
    await publishRounds(log, 5, 0, 40);
    const [range] = await log.ranges(['t']);
    assert.equal(range?.end, 200);
    assert.ok(range.start > 100 && range.start < 190, `start ${range.start}`);
    const { names } = partitionFiles(directory, 't', '.log');
    assert.deepEqual(partitionFiles(directory, 't', '.index').names.length, names.length);
    const found = await allRecords(log, 't');
    assert.deepEqual([found[0]?.[1].offset, found.length], [range.start, 200 - range.start]);
  });

  it('deletes segments whose last append is too long ago, whatever time their records bear', async (t) => {
    const { open } = logs(t);
    let now = Date.now();
    const options = { segmentBytesMax: 20_000, retentionMs: 7 * 24 * hourMs, clock: () => now };
    const log = await open(options);
    await log.createTopics([
      { name: 't', partitions: 1 },
      { name: 'short', partitions: 1, retentionMs: hourMs },
      { name: 'ever', partitions: 1, retentionMs: -1 },
    ]);
    const records = Array.from({ length: 15 }, (_, index) => padded('k', `${index}`, 1_000));
    for (const topic of ['t', 'short', 'ever'])
      for (let round = 0; round < 4; round++) await log.publish([{ topic, records }]);
    const starts = async (of: Log) => (await of.ranges(['t', 'short', 'ever'])).map(({ start }) => start);
    assert.deepEqual(await starts(log), [0, 0, 0], 'records of 1970 went although they had just come');
    now += 2 * hourMs;
    for (const topic of ['t', 'short', 'ever']) {
      await log.publish([{ topic, records }]);
      await log.publish([{ topic, records }]);
    }
    assert.deepEqual(await starts(log), [0, 60, 0]);
    await log.close();
    now += 10 * 24 * hourMs;
    assert.deepEqual(await starts(await open(options)), [75, 75, 0]);
  });

  it('lets a reader and a group that were further back go on at the new start', async (t) => {
    const { open } = logs(t);
    const log = await open({ segmentBytesMax: 20_000, retentionBytes: 50_000 });
    await log.createTopics([{ name: 't', partitions: 1 }]);
    await publishRounds(log, 5, 0, 4);
    const seen: number[] = [];
    const subscription = await log.subscribe(
      subscribing('g', 't', { partitionBytesMax: 1 }),
      async (batch) => {
        subscription.pause('t', 0);
        seen.push(...batch.records.map(({ offset }) => offset));
        await batch.commit(batch.records[0]!.offset + 1, '');
      },
    );
    await reached(() => seen.length === 1);
    await publishRounds(log, 5, 4, 40);
    const [range] = await log.ranges(['t']);
    assert.ok(range!.start > 20);
    // What had been decoded with the first record is still handed over; behind it the log begins at its start.
    await subscription.close();
    let next: number | undefined;
    const second = await log.subscribe(subscribing('g', 't'), async (batch) => {
      next ??= batch.records[0]!.offset;
    });
    await reached(() => next !== undefined);
    await second.close();
    assert.equal(next, range!.start);
  });
});

describe('compaction', () => {
  const latestOf = async (log: Log): Promise<Map<string, string | null>> =>
    new Map(
      (await allRecords(log, 't')).map(([, one]) => [String(one.key), one.value && first(textOf(one))]),
    );
  const compacted = (directory: string): Promise<void> =>
    reached(() => partitionFiles(directory, 't', '.log').names.length <= 2);

  it('keeps the latest record of each key at its offset, and puts small segments together', async (t) => {
    const { directory, open } = logs(t);
    const options = { segmentBytesMax: 30_000 };
    const log = await open(options);
    await log.createTopics([{ name: 't', partitions: 1, compacted: true }]);
    await log.publish([{ topic: 't', records: [padded('once', 'once')] }]);
    await publishRounds(log, 5, 0, 60);
    await log.close();
    const opened = await open(options);
    await compacted(directory);
    const found = await allRecords(opened, 't');
    assert.ok(found.length < 60, `${found.length} records are left of 301`);
    const expected = new Map(Array.from({ length: 5 }, (_, key) => [`k${key}`, `k${key}-59`]));
    assert.deepEqual(await latestOf(opened), new Map([['once', 'once'], ...expected]));
    for (const [, one] of found.slice(1)) {
      const [, key, round] = /^k(\d)-(\d+) /.exec(textOf(one))!;
      assert.equal(one.offset, 1 + 5 * Number(round) + Number(key));
    }
    assert.deepEqual(await opened.ranges(), [{ topic: 't', partition: 0, start: 0, end: 301 }]);
    await opened.publish([{ topic: 't', records: [padded('k0', 'newest')] }]);
    assert.equal((await latestOf(opened)).get('k0'), 'newest');
    await opened.close();
    const last = await open(options);
    assert.deepEqual(await latestOf(last), new Map([['once', 'once'], ...expected, ['k0', 'newest']]));
  });

  it('drops deletions only when they are old, and never brings back what they deleted', async (t) => {
    const { open } = logs(t);
    let now = Date.now();
    const options = { segmentBytesMax: 30_000, tombstoneRetentionMs: hourMs, clock: () => now };
    let log = await open(options);
    await log.createTopics([{ name: 't', partitions: 1, compacted: true }]);
    await log.publish([{ topic: 't', records: [padded('gone', 'here')] }]);
    await publishRounds(log, 5, 0, 10);
    await log.publish([{ topic: 't', records: [record('gone', null, now)] }]);
    await publishRounds(log, 5, 10, 20);
    const hasTombstone = async () => (await allRecords(log, 't')).some(([, { value }]) => value === null);
    await reached(async () => (await allRecords(log, 't')).length < 80);
    assert.ok(await hasTombstone());
    assert.equal((await latestOf(log)).get('gone'), null);
    now += 2 * hourMs;
    await publishRounds(log, 5, 30, 40);
    await reached(async () => !(await hasTombstone()));
    assert.equal((await latestOf(log)).has('gone'), false);
    await log.close();
    log = await open(options);
    assert.equal((await latestOf(log)).has('gone'), false);
  });

  it('works in parts when there are more keys than it may hold', async (t) => {
    const { open } = logs(t);
    const options = { segmentBytesMax: 10_000, compactionKeysMax: 10 };
    const log = await open(options);
    await log.createTopics([{ name: 't', partitions: 1, compacted: true }]);
    await publishRounds(log, 50, 0, 6);
    for (let round = 6; round < 12; round++) {
      await publishRounds(log, 50, round, 1);
      await reached(async () => (await latestOf(log)).size === 50);
    }
    const expected = new Map(Array.from({ length: 50 }, (_, key) => [`k${key}`, `k${key}-11`]));
    assert.deepEqual(await latestOf(log), expected);
  });

  it('happens under a follower’s feet without a record lost or repeated', async (t) => {
    const { open } = logs(t);
    const log = await open({ segmentBytesMax: 30_000 });
    await log.createTopics([{ name: 't', partitions: 1, compacted: true }]);
    const stop = new AbortController();
    const offsets: number[] = [];
    const latest = new Map<string, string>();
    const following = (async () => {
      for await (const { records } of log.read('t', { from: new Map([[0, 0]]), signal: stop.signal }))
        for (const one of records) {
          offsets.push(one.offset);
          latest.set(String(one.key), first(textOf(one)));
        }
    })();
    await publishRounds(log, 5, 0, 100);
    await reached(() => offsets.at(-1) === 499);
    stop.abort();
    await following;
    assert.ok(offsets.every((offset, place) => place === 0 || offset > offsets[place - 1]!));
    assert.deepEqual([...latest.values()].sort(), ['k0-99', 'k1-99', 'k2-99', 'k3-99', 'k4-99']);
  });

  it('keeps committed offsets small, and their latest values', async (t) => {
    const { directory, open } = logs(t);
    const options = { segmentBytesMax: 50_000 };
    const log = await open(options);
    await log.createTopics([{ name: 't', partitions: 1 }]);
    await publishRounds(log, 1, 0, 1);
    let commits = 0;
    const subscription = await log.subscribe(subscribing('g', 't'), async (batch) => {
      for (; commits < 2_000; commits++) await batch.commit(0, `${commits} ${'m'.repeat(200)}`);
    });
    await reached(() => commits === 2_000);
    await subscription.close();
    await log.close();
    const opened = await open(options);
    await reached(() => partitionFiles(directory, '__consumer_offsets', '.log').names.length <= 2);
    const [position] = await opened.positions('g', ['t']);
    assert.deepEqual([position?.offset, first(position?.metadata ?? '')], [0, '1999']);
    await opened.close();
    assert.equal((await (await open(options)).positions('g', ['t'])).length, 1);
  });
});
