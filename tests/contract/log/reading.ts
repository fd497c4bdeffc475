// Contract of `read`, and of what a record keeps on its way through the log.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log, LogRecord, StoredRecord } from '../../../connectors/log.ts';
import { allRecords, newName, reached, record, textOf, texts } from './subject.ts';

const peculiar: readonly LogRecord[] = [
  { key: null, value: Buffer.from('no key'), headers: {}, timestamp: 1_700_000_000_000 },
  { key: Buffer.from('k'), value: null, headers: {}, timestamp: 1_700_000_000_001 },
  { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: {}, timestamp: 1_700_000_000_000 },
  { key: Buffer.from([0, 255, 128]), value: Buffer.from([0, 0, 0]), headers: {}, timestamp: 1 },
  {
    key: Buffer.from('headers'),
    value: Buffer.from('ünïcødé 🙂'),
    headers: { traceparent: Buffer.from('00-ab-cd-01'), empty: Buffer.alloc(0), ключ: Buffer.from([1, 2]) },
    timestamp: 4_102_444_800_000,
  },
];

const plain = ({ key, value, headers, timestamp }: LogRecord): LogRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: { ...headers },
  timestamp,
});

export function describeReading(log: () => Log): void {
  describe('reading', () => {
    it('returns keys, values, headers and timestamps as they were published', async () => {
      const topic = newName('whole');
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: peculiar }]);
      const found = (await allRecords(log(), topic)).map(([, one]) => plain(one));
      assert.deepEqual(found, peculiar.map(plain));
    });

    it('stops before `to` and reads only the partitions named', async () => {
      const topic = newName('bounded');
      await log().createTopics([{ name: topic, partitions: 2 }]);
      await log().publish([{ topic, records: texts('b', 200, 50) }]);
      const found: StoredRecord[] = [];
      for await (const { partition, records } of log().read(topic, {
        from: new Map([[1, 3]]),
        to: new Map([[1, 9]]),
      })) {
        assert.equal(partition, 1);
        found.push(...records);
      }
      assert.deepEqual(
        found.map((one) => one.offset),
        [3, 4, 5, 6, 7, 8],
      );
    });

    it('reads nothing where there is nothing between `from` and `to`', async () => {
      const topic = newName('nothing');
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('n', 4) }]);
      const at = new Map([[0, 2]]);
      for await (const { records } of log().read(topic, { from: at, to: at }))
        assert.equal(records.length, 0);
    });

    it('follows the log until it is told to stop', async () => {
      const topic = newName('follow');
      await log().createTopics([{ name: topic, partitions: 2 }]);
      await log().publish([{ topic, records: texts('early', 10) }]);
      const stop = new AbortController();
      const seen: string[] = [];
      const reading = (async () => {
        const from = new Map([
          [0, 0],
          [1, 0],
        ]);
        for await (const { records } of log().read(topic, { from, signal: stop.signal }))
          seen.push(...records.map(textOf));
      })();
      await reached(() => seen.length === 10);
      await log().publish([{ topic, records: texts('late', 10) }]);
      await reached(() => seen.length === 20);
      stop.abort();
      await reading;
      assert.equal(new Set(seen).size, 20);
    });

    it('carries large batches whole', async () => {
      const topic = newName('large');
      await log().createTopics([{ name: topic, partitions: 2 }]);
      const padding = 'x'.repeat(200);
      const records = Array.from({ length: 20_000 }, (_, n) => record(`k${n % 97}`, `${n} ${padding}`));
      await log().publish([{ topic, records }]);
      const byPartition: number[][] = [[], []];
      for (const [partition, one] of await allRecords(log(), topic))
        byPartition[partition]!.push(Number.parseInt(textOf(one), 10));
      for (const numbers of byPartition)
        assert.ok(numbers.every((number, place) => place === 0 || number > numbers[place - 1]!));
      assert.equal(byPartition.flat().length, 20_000);
    });
  });
}
