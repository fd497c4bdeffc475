// How publishes are cut into requests of record batches, and what becomes of a request that was half refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutOwn, type Spreading } from '../../../connectors/kafka/own-request.ts';
import { encodeProduceRequest, type OutgoingBatch } from '../../../connectors/kafka/produce-request.ts';
import type { Order, Request } from '../../../connectors/kafka/request.ts';
import { readHeader } from '../../../connectors/record-batch/header.ts';
import { order, record } from './orders.ts';

/** The key names the partition. */
const byKey: Spreading = { turn() {}, partitionOf: (_, { key }) => Number(key ?? 0) };
const cut = (...orders: Order[]): Request[] => [...cutOwn(orders, byKey, 0)];

/** What kafkajs makes of the messages it is given. */
function batchesOf(request: Request, topic: string): OutgoingBatch[] {
  const messages = request.messages().find((one) => one.topic === topic)!.messages as unknown as {
    find(): undefined;
    reduce(group: unknown, from: object): Record<number, OutgoingBatch>;
  };
  assert.equal(messages.find(), undefined);
  return Object.values(messages.reduce(null, {}));
}
const valuesOf = ({ builder }: OutgoingBatch): string =>
  builder.records.map(({ value }) => String(value)).join();

describe('requests', () => {
  it('are none for nothing', () => {
    assert.deepEqual(cut(order('t')), []);
  });

  it('have one batch for each partition, in the order of the callers', () => {
    const orders = [
      order('a', record(1, '1', '0'), record(1, '2', '1')),
      order('b', record(1, '3', '2')),
      order('a', record(1, '4', '0')),
    ];
    const [request, ...more] = cut(...orders);
    assert.equal(more.length, 0);
    assert.deepEqual(request!.topics, ['a', 'b']);
    const batches = batchesOf(request!, 'a');
    assert.deepEqual(
      batches.map((batch) => [batch.partition, batch.length, valuesOf(batch)]),
      [
        [0, 2, '1,4'],
        [1, 1, '2'],
      ],
    );
    assert.deepEqual(request!.orders(), orders);
  });

  it('keep every batch below what a broker takes, and lose nothing', async () => {
    const records = Array.from({ length: 200 }, (_, n) => record(50_000, 'x', String(n % 3)));
    const requests = cut(order('t', ...records));
    const batches = requests.flatMap((request) => batchesOf(request, 't'));
    assert.equal(
      batches.reduce((sum, { length }) => sum + length, 0),
      200,
    );
    for (const batch of batches) {
      const { bytes } = batch.builder;
      const stamped = await batch.stamped({}, 0);
      assert.equal(readHeader(stamped, 0)?.bytes, bytes);
      assert.ok(bytes < 1_000_000);
    }
  });

  it('are no larger than holds up a process for long', () => {
    const records = Array.from({ length: 100 }, (_, n) => record(100_000, 'x', String(n)));
    for (const request of cut(order('t', ...records))) {
      const bytes = batchesOf(request, 't').reduce((sum, { builder }) => sum + builder.bytes, 0);
      assert.ok(bytes < 5_000_000, `${bytes}`);
    }
  });

  it('leave a record that is too large to the broker, in a batch of its own', () => {
    const lengths = cut(order('t', record(10), record(3_000_000), record(10))).map((request) =>
      batchesOf(request, 't').map(({ length, builder }) => [length, builder.bytes > 1_000_000]),
    );
    assert.deepEqual(lengths, [[[1, false]], [[1, true]], [[1, false]]]);
  });

  it('leave out what is still to come of an order that failed', () => {
    const failing = order('t', ...Array(5).fill(record(400_000)));
    const seen: string[] = [];
    for (const request of cutOwn([failing, order('t', record(1, '9'))], byKey, 0)) {
      seen.push(
        batchesOf(request, 't')
          .map(({ length }) => length)
          .join(),
      );
      failing.failed = true;
    }
    assert.deepEqual(seen, ['2', '1']);
  });

  it('say where everyone’s records are, and send again only what the broker has not', () => {
    const [one, two] = [
      order('t', record(1, 'a', '0'), record(1, 'b', '1'), record(1, 'c', '1')),
      order('t', record(1, 'd', '0'), record(1, 'e', '1')),
    ];
    const [request] = cut(one, two);
    batchesOf(request!, 't')[0]!.baseOffset = 7; // partition 1 was refused
    request!.settle([]);
    assert.deepEqual(one.published, [{ topic: 't', partition: 0, baseOffset: 7, count: 1 }]);
    assert.deepEqual(two.published, [{ topic: 't', partition: 0, baseOffset: 8, count: 1 }]);
    const [first, second] = [one, two].map((each) => request!.only(each));
    assert.deepEqual(batchesOf(first!, 't').map(valuesOf), ['b,c']);
    const [rest] = batchesOf(second!, 't');
    assert.equal(valuesOf(rest!), 'e');
    rest!.baseOffset = 3;
    second!.settle([]);
    assert.deepEqual(two.published[1], { topic: 't', partition: 1, baseOffset: 3, count: 1 });
  });
});

describe('a repeated batch', () => {
  it('has the very bytes of the first attempt, with its sequence number', async () => {
    const [request] = cut(order('t', record(10, 'x', '0')));
    const parameters = {
      acks: -1,
      timeout: 30_000,
      producerId: '5',
      producerEpoch: 2,
      topicData: [
        {
          topic: 't',
          partitions: [{ partition: 0, firstSequence: 41, messages: batchesOf(request!, 't')[0]! }],
        },
      ],
    };
    const first = Buffer.concat(await encodeProduceRequest(parameters));
    assert.deepEqual(Buffer.concat(await encodeProduceRequest(parameters)), first);
  });
});
