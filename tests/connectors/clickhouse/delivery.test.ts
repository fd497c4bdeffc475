// The sink's order of work, against a real ClickHouse with the real migrations: what is journalled, inserted and
// committed when nothing crashes, when ClickHouse is unwell, and when the partition moves to another member.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import type { Insert } from '../../../connectors/clickhouse.ts';
import type { StoredRecord } from '../../../connectors/log.ts';
import { Fenced, Retryable } from '../../../schemas/errors.ts';
import { invalid, type Outcome } from '../../../schemas/outcome.ts';
import type { Message } from '../../../schemas/topic.ts';
import { chunkOf, deliverAll, Partition } from './partition.ts';
import { clockOf, openSink, range, reading, stored } from './sink.ts';

const sink = await openSink();
after(() => sink.close());
let partition: Partition;

describe('ClickHouse delivery', { timeout: 180_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    partition = new Partition('predictions', range(0, 25));
  });

  it('journals, inserts, commits', async () => {
    const memory = { marks: async () => ({ 'default.predictions': 7 }), remembers: async () => true };
    const journal = (end: number): string =>
      `{"sink":1,"end":${end},"at":4102444800000,"marks":{"default.predictions":7}}`;
    await deliverAll(
      partition,
      sink.deliveryOf({ clock: clockOf(() => 4_102_444_800_000), memory }),
      reading,
    );
    await sink.assertStored(range(0, 25));
    assert.deepEqual(partition.commits, [
      [0, journal(10)],
      [10, ''],
      [10, journal(20)],
      [20, ''],
      [20, journal(25)],
      [25, ''],
    ]);
  });

  it('names a range by its first record, whatever gaps a compacted log has', async () => {
    partition = new Partition('predictions', [4, 7, 8, 20]);
    const tokens: string[] = [];
    const watching = sink.troubled((insert) => {
      tokens.push(insert.token);
      return sink.clickhouse.insert(insert);
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse: watching }), { ...reading, chunkRecords: 3 });
    assert.deepEqual(tokens, ['predictions/0/4-9', 'predictions/0/20-21']);
    await sink.assertStored([4, 7, 8, 20]);
  });

  it('stores what is ok, passes over what is invalid or dropped', async () => {
    const outcomeOf = (record: StoredRecord): Outcome<Message> =>
      record.offset % 3 === 0
        ? invalid('no-text', 'none')
        : record.offset % 3 === 1
          ? { kind: 'drop', reason: 'dropped' }
          : stored(record);
    let failures = 2;
    const flaky = sink.troubled(async (insert) => {
      failures -= 1;
      if (failures >= 0) throw new Retryable('unwell', { code: 'test' });
      return sink.clickhouse.insert(insert);
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse: flaky }), { ...reading, outcomeOf });
    await sink.assertStored([2, 5, 8, 11, 14, 17, 20, 23]);
  });

  it('only commits a chunk without rows', async () => {
    await deliverAll(partition, sink.deliveryOf(), {
      ...reading,
      outcomeOf: () => ({ kind: 'drop', reason: 'all' }),
    });
    assert.deepEqual(partition.commits, [
      [10, ''],
      [20, ''],
      [25, ''],
    ]);
  });

  it('sends the same bytes under the same token again, after asking whether it is still a member', async () => {
    const sent: Insert[] = [];
    const flaky = sink.troubled(async (insert) => {
      sent.push(insert);
      await sink.clickhouse.insert(insert);
      if (sent.length < 3) throw new Retryable('the answer was lost', { code: 'test' });
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse: flaky }), { ...reading, chunkRecords: 25 });
    assert.equal(sent.length, 3);
    assert.ok(sent.every(({ token, rows }) => token === sent[0]!.token && rows === sent[0]!.rows));
    assert.equal(partition.heartbeats, 2);
    await sink.assertStored(range(0, 25));
  });

  it('inserts nothing once it is fenced', async () => {
    const inserts: string[] = [];
    const watching = sink.troubled(async ({ token }) => {
      inserts.push(token);
      throw new Retryable('unwell', { code: 'test' });
    });
    const delivery = sink.deliveryOf({ clickhouse: watching });
    const batch = partition.assign();
    await delivery.resume(batch);
    const chunk = chunkOf(batch, batch.records, stored);
    await assert.rejects(() => delivery.deliver(chunk), Retryable);
    partition.assign();
    await assert.rejects(() => delivery.deliver(chunk), Fenced);
    await assert.rejects(() => delivery.deliver({ ...chunk }), Fenced);
    assert.equal(inserts.length, 1);
  });

  it('leaves a finished insert to the next owner when it is fenced before its commit', async () => {
    const fencing = sink.troubled(async (insert) => {
      await sink.clickhouse.insert(insert);
      partition.assign();
    });
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf({ clickhouse: fencing }), reading),
      Fenced,
    );
    await deliverAll(partition, sink.deliveryOf(), reading);
    await sink.assertStored(range(0, 25));
  });

  it('has ClickHouse refuse an insert that comes after its deadline', async () => {
    const batch = partition.assign();
    const delivery = sink.deliveryOf({ clock: clockOf(() => Date.now() - 60_000) });
    await delivery.resume(batch);
    await assert.rejects(
      () => delivery.deliver(chunkOf(batch, batch.records, stored)),
      (error) => error instanceof Retryable && error.code === 'insert-deadline',
    );
    await sink.assertStored([]);
  });
});
