// What a publish says about where its records landed, from delivery reports.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Order } from '../../../connectors/librdkafka/order.ts';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';

/** An order of which these records were delivered, as partition and offset. */
function delivered(reports: readonly (readonly [number, number])[]): Order {
  const order = new Order([{ topic: 't', records: [] }]);
  order.outstanding = reports.length;
  order.complete();
  for (const [partition, offset] of reports)
    order.report(null, { topic: 't', partition, offset, opaque: order });
  return order;
}

const librdkafkaError = (code: number): Error => Object.assign(new Error('refused'), { code });

describe('an order', () => {
  it('joins consecutive offsets of each partition', async () => {
    const order = delivered([
      [0, 10],
      [1, 5],
      [0, 11],
      [0, 20],
    ]);
    assert.deepEqual(await order.done, [
      { topic: 't', partition: 0, baseOffset: 10, count: 2 },
      { topic: 't', partition: 0, baseOffset: 20, count: 1 },
      { topic: 't', partition: 1, baseOffset: 5, count: 1 },
    ]);
  });

  it('fills in the offsets of records that were there already', async () => {
    const [first, last] = [
      [-1001, 8],
      [7, -1001],
    ].map((offsets) => delivered(offsets.map((offset) => [0, offset] as const)));
    const both = [{ topic: 't', partition: 0, baseOffset: 7, count: 2 }];
    assert.deepEqual([await first?.done, await last?.done], [both, both]);
  });

  it('fails when one record does, after every report is in', async () => {
    for (const [code, kind] of [
      [10, Misconfigured],
      [-192, Retryable],
    ] as const) {
      const order = new Order([{ topic: 't', records: [] }]);
      order.outstanding = 2;
      order.complete();
      let settled = false;
      const outcome = order.done
        .catch((error: unknown) => error)
        .finally(() => {
          settled = true;
        });
      order.report(librdkafkaError(code), { topic: 't', partition: 0, offset: -1, opaque: order });
      await Promise.resolve();
      assert.equal(settled, false);
      order.report(null, { topic: 't', partition: 0, offset: 3, opaque: order });
      assert.ok((await outcome) instanceof kind);
    }
  });
});
