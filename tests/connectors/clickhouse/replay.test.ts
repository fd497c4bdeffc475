// The sink's guarantee: wherever a crash falls, every row is in the table once and the view on it has counted every
// row once.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import type { StoredRecord } from '../../../connectors/log.ts';
import { Retryable } from '../../../schemas/errors.ts';
import type { Outcome } from '../../../schemas/outcome.ts';
import type { Message } from '../../../schemas/topic.ts';
import { chunkOf, deliverAll, Partition } from './partition.ts';
import { Crash, openSink, range, reading, stored } from './sink.ts';

const sink = await openSink();
after(() => sink.close());
let partition: Partition;

describe('ClickHouse delivery after a crash', { timeout: 180_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    partition = new Partition('predictions', range(0, 25));
  });

  for (const [where, crashing] of [
    ['between journal and insert', 'crashBefore'],
    ['between insert and commit', 'crashAfter'],
  ] as const) {
    it(`loses and doubles nothing after a crash ${where}`, async () => {
      await assert.rejects(
        () => deliverAll(partition, sink.deliveryOf({ clickhouse: sink[crashing]() }), reading),
        Crash,
      );
      assert.equal(partition.position?.offset, 0);
      // The next owner cuts larger chunks: the journalled range comes whole all the same.
      const ends = await deliverAll(partition, sink.deliveryOf(), { ...reading, chunkRecords: 100 });
      assert.deepEqual(ends, [10, 25]);
      await sink.assertStored(range(0, 25));
    });
  }

  it('asks the table when the token may be forgotten: nothing there', async () => {
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf({ clickhouse: sink.crashBefore() }), reading),
      Crash,
    );
    const found: string[] = [];
    await deliverAll(partition, sink.laterDelivery(found), reading);
    assert.deepEqual(found, ['none']);
    await sink.assertStored(range(0, 25));
  });

  it('asks the table when the token may be forgotten: all there', async () => {
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf({ clickhouse: sink.crashAfter() }), reading),
      Crash,
    );
    const found: string[] = [];
    await deliverAll(partition, sink.laterDelivery(found), reading);
    assert.deepEqual(found, ['all']);
    await sink.assertStored(range(0, 25));
  });

  it('asks the table when the token may be forgotten: only the missing rows are inserted', async () => {
    const partly = sink.troubled(async (insert) => {
      // What a crash leaves of an insert into two table partitions: the rows of one of them.
      const probe = new Partition('predictions', [1, 2, 5]);
      const delivery = sink.deliveryOf();
      const batch = probe.assign();
      await delivery.resume(batch);
      await delivery.deliver(chunkOf(batch, batch.records, stored));
      throw new Crash(insert.token);
    });
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf({ clickhouse: partly }), reading),
      Crash,
    );
    await sink.assertStored([1, 2, 5]);
    const found: string[] = [];
    await deliverAll(partition, sink.laterDelivery(found), reading);
    assert.deepEqual(found, ['some']);
    await sink.assertStored(range(0, 25));
  });

  it('finishes a torn insert under its token: what is missing goes in, what is there stays', async () => {
    const twoMonths = (record: StoredRecord): Outcome<Message> =>
      stored(record, record.timestamp + (record.offset % 2) * 40 * 86_400_000);
    const torn = sink.troubled(async (insert) => {
      await sink.clickhouse.insert(insert);
      await sink.clickhouse.command("ALTER TABLE predictions DROP PARTITION '202511'");
      throw new Crash('torn');
    });
    await assert.rejects(
      () =>
        deliverAll(partition, sink.deliveryOf({ clickhouse: torn }), { ...reading, outcomeOf: twoMonths }),
      Crash,
    );
    const before = await sink.clickhouse.query('SELECT _offset FROM predictions ORDER BY _offset');
    assert.equal(before.length, 5);
    await deliverAll(partition, sink.deliveryOf(), { ...reading, outcomeOf: twoMonths });
    const rows = await sink.clickhouse.query<{ _offset: number }>(
      'SELECT _offset FROM predictions ORDER BY _offset',
    );
    assert.deepEqual(
      rows.map((row) => row._offset),
      range(0, 25),
    );
  });

  it('does not take part of a promised range for the whole', async () => {
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf({ clickhouse: sink.crashBefore() }), reading),
      Crash,
    );
    const delivery = sink.deliveryOf();
    const batch = partition.assign();
    assert.deepEqual(await delivery.resume(batch), { chunkEnd: 10 });
    await assert.rejects(
      () => delivery.deliver(chunkOf(batch, batch.records.slice(0, 5), stored)),
      /chunkEnd/,
    );
    await assert.rejects(
      () => delivery.deliver(chunkOf(batch, batch.records.slice(0, 20), stored)),
      /chunkEnd/,
    );
  });

  it('passes over metadata that is not its own', async () => {
    for (const metadata of ['', 'exported by hand', '{"other":1}', '{"sink":1,"end":10,"at":1}']) {
      partition.position = { topic: 'predictions', partition: 0, offset: 10, metadata };
      assert.deepEqual(await sink.deliveryOf().resume(partition.assign()), {}, metadata);
    }
  });

  it('survives crashes anywhere, again and again', async () => {
    const random = randomFrom(7);
    partition = new Partition(
      'predictions',
      range(0, 400).filter((offset) => offset % 7 !== 3),
    );
    let crashes = 0;
    const anywhere = sink.troubled(async (insert) => {
      const at = random();
      if (at < 0.2) throw new Crash('before');
      if (at < 0.3) throw new Retryable('unwell before', { code: 'test' });
      await sink.clickhouse.insert(insert);
      if (at < 0.5) throw new Crash('after');
      if (at < 0.6) throw new Retryable('unwell after', { code: 'test' });
    });
    while (partition.position?.offset !== 400) {
      const chunkRecords = 1 + Math.floor(random() * 40);
      await deliverAll(partition, sink.deliveryOf({ clickhouse: anywhere }), {
        ...reading,
        chunkRecords,
      }).catch((error) => {
        if (!(error instanceof Crash)) throw error;
        crashes += 1;
      });
    }
    assert.ok(crashes > 5, `only ${crashes} crashes`);
    await sink.assertStored(partition.records.map(({ offset }) => offset));
  });
});

/** Numbers in [0, 1) that are the same on every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
