// Contract of `createTopics`, `publish` and `ranges`.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log } from '../../../connectors/log.ts';
import { allRecords, newName, record, textOf, texts } from './subject.ts';

// Expected hashes from Kafka’s own unit tests of murmur2 (UtilsTest), made positive.
const murmur2Vectors: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

export function describePublishing(log: () => Log): void {
  describe('publishing', () => {
    it('says where records landed and keeps their order', async () => {
      const topic = newName('landed');
      await log().createTopics([{ name: topic, partitions: 1 }]);
      const first = await log().publish([{ topic, records: texts('a', 3) }]);
      const second = await log().publish([{ topic, records: texts('b', 2) }]);
      assert.deepEqual(first, [{ topic, partition: 0, baseOffset: 0, count: 3 }]);
      assert.deepEqual(second, [{ topic, partition: 0, baseOffset: 3, count: 2 }]);
      const stored = await allRecords(log(), topic);
      assert.deepEqual(
        stored.map(([, one]) => textOf(one)),
        ['a-0', 'a-1', 'a-2', 'b-0', 'b-1'],
      );
      assert.deepEqual(
        stored.map(([, one]) => one.offset),
        [0, 1, 2, 3, 4],
      );
    });

    it('gives equal keys to the partition Kafka’s own clients choose', async () => {
      const topic = newName('keys');
      const partitions = 5;
      await log().createTopics([{ name: topic, partitions }]);
      const records = murmur2Vectors.map(([key]) => record(key, key));
      await log().publish([{ topic, records: [...records, ...records] }]);
      const found = await allRecords(log(), topic);
      assert.equal(found.length, 2 * records.length);
      for (const [key, hash] of murmur2Vectors) {
        const places = found.filter(([, one]) => textOf(one) === key).map(([partition]) => partition);
        assert.deepEqual(places, Array(2).fill((hash & 0x7fffffff) % partitions), key);
      }
    });

    it('spreads records without a key', async () => {
      const topic = newName('spread');
      await log().createTopics([{ name: topic, partitions: 3 }]);
      for (let round = 0; round < 30; round++)
        await log().publish([{ topic, records: [record(null, `n-${round}`)] }]);
      const ranges = await log().ranges([topic]);
      assert.equal(
        ranges.reduce((sum, range) => sum + range.end, 0),
        30,
      );
      assert.ok(ranges.filter((range) => range.end > 0).length >= 2);
    });

    it('publishes to several topics at once', async () => {
      const [one, two] = [newName('one'), newName('two')];
      await log().createTopics([one, two].map((name) => ({ name, partitions: 2 })));
      const published = await log().publish([
        { topic: one, records: texts('one', 20) },
        { topic: two, records: texts('two', 30) },
      ]);
      const countOf = (topic: string) =>
        published.filter((share) => share.topic === topic).reduce((sum, share) => sum + share.count, 0);
      assert.deepEqual([countOf(one), countOf(two)], [20, 30]);
      assert.equal((await allRecords(log(), one)).length, 20);
      assert.equal((await allRecords(log(), two)).length, 30);
    });

    it('takes a publish of nothing', async () => {
      const topic = newName('nothing');
      await log().createTopics([{ name: topic, partitions: 1 }]);
      assert.deepEqual(await log().publish([]), []);
      assert.deepEqual(await log().publish([{ topic, records: [] }]), []);
    });

    it('refuses a record above the topic’s limit and writes none of it', async () => {
      const topic = newName('limit');
      await log().createTopics([{ name: topic, partitions: 1, recordBytesMax: 10_000 }]);
      await assert.rejects(log().publish([{ topic, records: [record('k', 'x'.repeat(20_000))] }]));
      await log().publish([{ topic, records: [record('k', 'small')] }]);
      assert.deepEqual(
        (await allRecords(log(), topic)).map(([, one]) => textOf(one)),
        ['small'],
      );
    });
  });

  describe('topics', () => {
    it('leaves existing topics as they are', async () => {
      const topic = newName('twice');
      await log().createTopics([{ name: topic, partitions: 2 }]);
      await log().publish([{ topic, records: texts('kept', 4) }]);
      await log().createTopics([{ name: topic, partitions: 3, compacted: true }]);
      const ranges = await log().ranges([topic]);
      assert.deepEqual(ranges.map((range) => range.partition).sort(), [0, 1]);
      assert.equal(
        ranges.reduce((sum, range) => sum + range.end - range.start, 0),
        4,
      );
    });

    it('lists the ranges of named topics and of all', async () => {
      const [one, two] = [newName('ranges'), newName('ranges')];
      await log().createTopics([
        { name: one, partitions: 1 },
        { name: two, partitions: 2 },
      ]);
      await log().publish([{ topic: one, records: texts('r', 6) }]);
      assert.deepEqual(await log().ranges([one]), [{ topic: one, partition: 0, start: 0, end: 6 }]);
      const all = await log().ranges();
      assert.equal(all.filter((range) => range.topic === two).length, 2);
      assert.ok(all.every((range) => !range.topic.startsWith('__')));
    });

    it('creates compacted topics, which hold at least the latest record of each key', async () => {
      const topic = newName('compacted');
      await log().createTopics([{ name: topic, partitions: 1, compacted: true }]);
      await log().publish([
        { topic, records: [record('a', 'old'), record('b', 'only'), record('a', 'new')] },
      ]);
      await log().publish([{ topic, records: [record('b', null)] }]);
      const latest = new Map((await allRecords(log(), topic)).map(([, one]) => [String(one.key), one.value]));
      assert.deepEqual(
        latest,
        new Map([
          ['a', Buffer.from('new')],
          ['b', null],
        ]),
      );
    });
  });
}
