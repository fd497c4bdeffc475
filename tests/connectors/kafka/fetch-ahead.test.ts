// Fetches ahead: asked for while there is a backlog, used when they are what is wanted next, else thrown away.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FetchParameters, lookAhead } from '../../../connectors/kafka/fetch-ahead.ts';
import {
  Damages,
  decodeFetchResponse,
  type FetchResponse,
} from '../../../connectors/kafka/fetch-response.ts';
import { fetchedRecords } from '../../../connectors/kafka/fetched.ts';
import { record } from '../../contract/log/subject.ts';
import { batch, fetchResponse } from './record-sets.ts';

type Offsets = Readonly<Record<number, number>>;

const asking = (offsets: Offsets, minBytes = 1): FetchParameters => ({
  minBytes,
  topics: [
    {
      topic: 't',
      partitions: Object.entries(offsets).map(([partition, offset]) => ({
        partition: Number(partition),
        fetchOffset: String(offset),
      })),
    },
  ],
});

const asked = ({ topics }: FetchParameters): Offsets =>
  Object.fromEntries(
    topics.flatMap(({ partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [partition, Number(fetchOffset)]),
    ),
  );

/** Where each partition of a response goes on. */
const nexts = ({ responses }: FetchResponse): Offsets =>
  Object.fromEntries(
    responses.flatMap(({ partitions }) =>
      partitions.map(({ partition, messages }) => [partition, fetchedRecords(messages)!.next]),
    ),
  );

/** A broker with `end` records in every partition, which gives one of `valueBytes` each time. */
function brokerWith(end: number, valueBytes: number) {
  const requests: Offsets[] = [];
  let failing = false;
  const broker = {
    async fetch(parameters: FetchParameters): Promise<FetchResponse> {
      requests.push(asked(parameters));
      if (failing) throw new Error('the broker is away');
      const sets = Object.entries(asked(parameters)).map(([partition, offset]) => ({
        partition: Number(partition),
        set: offset < end ? batch(offset, [record('k', 'x'.repeat(valueBytes))]) : Buffer.alloc(0),
        highWatermark: end,
      }));
      const offsetOf = (_: string, partition: number) => asked(parameters)[partition]!;
      return decodeFetchResponse(fetchResponse(11, sets), 11, offsetOf, new Damages());
    },
  };
  lookAhead(broker);
  const fail = (now: boolean) => {
    failing = now;
  };
  return { broker, requests, fail };
}

const large = 300_000;

describe('a fetch ahead', () => {
  it('is made while there is a backlog, and is what the next fetch gets', async () => {
    const { broker, requests } = brokerWith(3, large);
    for (const offset of [0, 1, 2]) {
      const response = await broker.fetch(asking({ 0: offset, 1: offset }));
      assert.deepEqual(nexts(response), { 0: offset + 1, 1: offset + 1 });
    }
    assert.deepEqual(requests, [
      { 0: 0, 1: 0 },
      { 0: 1, 1: 1 },
      { 0: 2, 1: 2 },
    ]);
  });

  it('is not made where little comes', async () => {
    const { broker, requests } = brokerWith(3, 100);
    await broker.fetch(asking({ 0: 0 }));
    assert.equal(requests.length, 1);
  });

  it('is made where a fetch waits for more than a record, whatever came', async () => {
    const { broker, requests } = brokerWith(1, 100);
    for (const offset of [0, 1, 1]) await broker.fetch(asking({ 0: offset }, 2_000));
    assert.deepEqual(requests, [{ 0: 0 }, { 0: 1 }, { 0: 1 }, { 0: 1 }]);
  });

  it('serves a fetch of less: of what was paused there is nothing', async () => {
    const { broker, requests } = brokerWith(9, large);
    await broker.fetch(asking({ 0: 0, 1: 0 }));
    assert.deepEqual(nexts(await broker.fetch(asking({ 1: 1 }))), { 1: 2 });
    assert.deepEqual(requests, [{ 0: 0, 1: 0 }, { 0: 1, 1: 1 }, { 1: 2 }]);
  });

  it('is thrown away after a seek, and where more is wanted', async () => {
    const { broker, requests } = brokerWith(9, large);
    await broker.fetch(asking({ 0: 0 }));
    assert.deepEqual(nexts(await broker.fetch(asking({ 0: 5 }))), { 0: 6 });
    assert.deepEqual(nexts(await broker.fetch(asking({ 0: 6, 1: 0 }))), { 0: 7, 1: 1 });
    assert.deepEqual(requests, [{ 0: 0 }, { 0: 1 }, { 0: 5 }, { 0: 6 }, { 0: 6, 1: 0 }, { 0: 7, 1: 1 }]);
  });

  it('that failed is the failure of the fetch that wanted it, and of no other', async () => {
    const { broker, fail } = brokerWith(9, large);
    await broker.fetch(asking({ 0: 0 }));
    fail(true);
    await broker.fetch(asking({ 0: 1 })); // asked for before; the one behind it fails
    fail(false);
    await assert.rejects(broker.fetch(asking({ 0: 2 })), /away/);
    assert.deepEqual(nexts(await broker.fetch(asking({ 0: 2 }))), { 0: 3 });
  });
});
