// How publishes are cut into requests of kafkajs’s messages.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Request } from '../../../connectors/kafka/request.ts';
import { cutStock } from '../../../connectors/kafka/stock-request.ts';
import { order, record } from './orders.ts';

const messagesOf = (request: Request) => request.messages().flatMap(({ messages }) => messages);
const bytesOf = (request: Request): number =>
  messagesOf(request).reduce((sum, { value }) => sum + (value?.length ?? 0), 0);

describe('requests', () => {
  it('are none for nothing', () => {
    assert.deepEqual([...cutStock([order('t')])], []);
  });

  it('hold what several callers want, in their order', () => {
    const orders = [
      order('a', record(1, '1'), record(1, '2')),
      order('b', record(1, '3')),
      order('a', record(1, '4')),
    ];
    const requests = [...cutStock(orders)];
    assert.equal(requests.length, 1);
    const contents = (request: Request) =>
      request
        .messages()
        .map(({ topic, messages }) => [topic, messages.map(({ value }) => String(value)).join()]);
    assert.deepEqual(contents(requests[0]!), [
      ['a', '1,2,4'],
      ['b', '3'],
    ]);
    assert.deepEqual(requests[0]!.orders(), orders);
    assert.deepEqual(contents(requests[0]!.only(orders[2]!)), [['a', '4']]);
  });

  it('leave out what is still to come of an order that failed', () => {
    const [failing, other] = [order('t', ...Array(5).fill(record(400_000))), order('t', record(1, '9'))];
    const seen: number[] = [];
    for (const request of cutStock([failing, other])) {
      seen.push(bytesOf(request));
      failing.failed = true;
    }
    assert.deepEqual(seen, [800_000, 1]);
  });

  it('stay below what a broker takes in one batch of a topic', () => {
    const requests = [...cutStock([order('t', ...Array.from({ length: 100 }, () => record(50_000)))])];
    assert.equal(requests.flatMap(messagesOf).length, 100);
    for (const request of requests) assert.ok(bytesOf(request) < 1_000_000);
  });

  it('stay small in number of records, and whole in count', () => {
    const requests = [...cutStock([order('t', ...Array.from({ length: 5_001 }, () => record(1)))])];
    assert.deepEqual(
      requests.map((request) => messagesOf(request).length),
      [2_000, 2_000, 1_001],
    );
  });

  it('leave a record that is too large to the broker, alone', () => {
    const requests = [...cutStock([order('t', record(10), record(3_000_000), record(10))])];
    assert.deepEqual(requests.map(bytesOf), [10, 3_000_000, 10]);
  });
});
