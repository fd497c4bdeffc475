// Records that the log deleted before they were stored: the partition stands still and says so, and only then; whoever
// decides to go on, can.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { Retryable } from '../../../schemas/errors.ts';
import { deliverAll, Partition } from './partition.ts';
import { Crash, openSink, range, reading, silent } from './sink.ts';

const sink = await openSink();
after(() => sink.close());
let partition: Partition;
let stops: (string | null)[];

const delivery = () =>
  sink.deliveryOf({
    logStart: async () => partition.records[0]!.offset,
    observer: { ...silent, stopped: (_, __, error) => stops.push(error?.code ?? null) },
  });

const lost =
  (what: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Retryable &&
    error.code === 'records-lost' &&
    what.test(error.message) &&
    /predictions\/0 stands still/.test(error.message);

describe('records deleted before they were stored', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    partition = new Partition('predictions', range(0, 25));
    stops = [];
  });

  it('stop the partition where nothing was under way', async () => {
    partition.position = { topic: 'predictions', partition: 0, offset: 5, metadata: '' };
    partition.records = partition.records.slice(15);
    await assert.rejects(
      deliverAll(partition, delivery(), reading),
      lost(/offsets 5-15 were deleted.*commit offset 15/),
    );
    assert.deepEqual([stops, partition.commits], [['records-lost'], []]);
    // A person has decided.
    partition.position = { topic: 'predictions', partition: 0, offset: 15, metadata: '' };
    await deliverAll(partition, delivery(), reading);
    assert.deepEqual(stops, ['records-lost', null]);
    await sink.assertStored(range(15, 25));
  });

  it('stop the partition where Kafka’s client wrote −2 for them', async () => {
    partition.position = { topic: 'predictions', partition: 0, offset: -2, metadata: '' };
    partition.records = partition.records.slice(15);
    await assert.rejects(deliverAll(partition, delivery(), reading), lost(/offsets below 15/));
    assert.deepEqual(partition.commits, []);
  });

  for (const [first, what] of [
    [15, 'all of it'],
    [5, 'half of it'],
  ] as const) {
    it(`stop the partition when a range was journalled, not inserted, and ${what} deleted`, async () => {
      const clickhouse = sink.crashBefore();
      await assert.rejects(deliverAll(partition, sink.deliveryOf({ clickhouse }), reading), Crash);
      partition.records = partition.records.slice(first);
      await assert.rejects(
        deliverAll(partition, delivery(), reading),
        lost(new RegExp(`offsets 0-${Math.min(first, 10)} `)),
      );
      assert.equal(partition.position?.offset, 0);
      await sink.assertStored([]);
    });
  }

  it('do not stop it when the journalled range was inserted, whether all or half of it is deleted', async () => {
    for (const first of [10, 5]) {
      await sink.renew();
      partition = new Partition('predictions', range(0, 25));
      const clickhouse = sink.crashAfter();
      await assert.rejects(deliverAll(partition, sink.deliveryOf({ clickhouse }), reading), Crash);
      partition.records = partition.records.slice(first);
      await deliverAll(partition, delivery(), reading);
      await sink.assertStored(range(0, 25));
    }
  });

  it('stop it when more than the stored range was deleted', async () => {
    const clickhouse = sink.crashAfter();
    await assert.rejects(deliverAll(partition, sink.deliveryOf({ clickhouse }), reading), Crash);
    partition.records = partition.records.slice(15);
    await assert.rejects(deliverAll(partition, delivery(), reading), lost(/offsets 10-15/));
  });

  it('are not what a gap in the offsets is: transactions leave their markers there', async () => {
    partition.position = { topic: 'predictions', partition: 0, offset: 8, metadata: '' };
    partition.records = partition.records.filter(({ offset }) => offset < 5 || offset > 10);
    await deliverAll(partition, delivery(), reading);
    await sink.assertStored(range(11, 25));
  });
});
