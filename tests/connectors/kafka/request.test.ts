// How publishes are cut into requests.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cutRequests, type Order } from '../../../connectors/kafka/request.ts';
import type { LogRecord } from '../../../connectors/log.ts';

const record = (bytes: number, name = ''): LogRecord => ({
  key: null,
  value: Buffer.alloc(bytes, name || 'x'),
  headers: {},
  timestamp: 0,
});
const order = (topic: string, ...records: LogRecord[]): Order => ({
  batches: [{ topic, records }],
  published: [],
  resolve() {},
  reject() {},
});
const bytesOf = (messages: readonly { value: Buffer | string | null }[]): number =>
  messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);

describe('requests', () => {
  it('are none for nothing', () => {
    assert.deepEqual([...cutRequests([order('t')])], []);
  });

  it('hold what several callers want, each in a share of its own, in their order', () => {
    const orders = [
      order('a', record(1, '1'), record(1, '2')),
      order('b', record(1, '3')),
      order('a', record(1, '4')),
    ];
    const requests = [...cutRequests(orders)];
    assert.equal(requests.length, 1);
    const shares = requests[0]!.map((share) => [
      share.topic,
      share.messages.map(({ value }) => String(value)).join(),
    ]);
    assert.deepEqual(shares, [
      ['a', '1,2'],
      ['b', '3'],
      ['a', '4'],
    ]);
    assert.deepEqual(
      requests[0]!.map((share) => orders.indexOf(share.order)),
      [0, 1, 2],
    );
  });

  it('stay below what a broker takes in one batch of a topic', () => {
    const requests = [...cutRequests([order('t', ...Array.from({ length: 100 }, () => record(50_000)))])];
    assert.equal(requests.flat().flatMap(({ messages }) => messages).length, 100);
    for (const shares of requests) assert.ok(bytesOf(shares.flatMap(({ messages }) => messages)) < 1_000_000);
  });

  it('stay small in number of records, and whole in count', () => {
    const requests = [...cutRequests([order('t', ...Array.from({ length: 5_001 }, () => record(1)))])];
    assert.deepEqual(
      requests.map((shares) => shares.flatMap(({ messages }) => messages).length),
      [2_000, 2_000, 1_001],
    );
  });

  it('leave a record that is too large to the broker, alone', () => {
    const requests = [...cutRequests([order('t', record(10), record(3_000_000), record(10))])];
    assert.deepEqual(
      requests.map((shares) => bytesOf(shares.flatMap(({ messages }) => messages))),
      [10, 3_000_000, 10],
    );
  });
});
