// Our codec against kafkajs’s: what one writes, the other reads, over random records and every compression; and the
// same Fetch responses of interleaved transactions read by both, and by a reckoning of what was committed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import type { KafkaMessage } from 'kafkajs';
import { registerCodecs } from '../../../connectors/kafka/codecs.ts';
import { Damages, decodeFetchResponse } from '../../../connectors/kafka/fetch-response.ts';
import { type AbortedTransaction, fetchedRecords, readRecordSet } from '../../../connectors/kafka/fetched.ts';
import { encodeProduceRequest, OutgoingBatch } from '../../../connectors/kafka/produce-request.ts';
import { outgoingMessage, storedRecord } from '../../../connectors/kafka/record.ts';
import type { LogRecord } from '../../../connectors/log.ts';
import { Random } from '../../simulation/random.ts';
import { batch, fetchResponse, marker } from './record-sets.ts';

const require = createRequire(import.meta.url);
const StockBatch = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  data: object,
) => { readonly messages: readonly KafkaMessage[]; lastOffset(): string };
const stockProtocol = (name: 'fetch' | 'produce') =>
  require(`kafkajs/src/protocol/requests/${name}`) as {
    protocol(options: { version: number }): (parameters: object) => {
      readonly request: { encode(): Promise<{ readonly buffer: Buffer }> };
      readonly response: {
        decode(bytes: Buffer): Promise<{ responses: readonly { partitions: readonly object[] }[] }>;
      };
    };
  };
const stockResponse = (version: number) =>
  stockProtocol('fetch').protocol({ version })({ topics: [], maxWaitTime: 0 }).response;

const compressions = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
const producer = {
  acks: -1,
  timeout: 30_000,
  transactionalId: null,
  producerId: '12345678901',
  producerEpoch: 7,
};
const rounds = 30;

const oneOf = <T>(random: Random, ...values: T[]): T => values[random.whole(0, values.length - 1)]!;

function randomBytes(random: Random): Buffer | null {
  const bytes = oneOf(random, -1, 0, 1, 23, 24, 63, 64, 200, 9_000);
  return bytes < 0 ? null : Buffer.alloc(bytes, random.whole(0, 255));
}

function randomRecord(random: Random): LogRecord {
  const names = ['traceparent', 'ünï', '', 'x'.repeat(70)].filter(() => random.chance(0.3));
  return {
    key: randomBytes(random),
    value: randomBytes(random),
    headers: Object.fromEntries(names.map((name) => [name, randomBytes(random) ?? Buffer.alloc(0)])),
    timestamp: 1_700_000_000_000 + oneOf(random, 0, 1, -1, 5_000, -5_000, 3e9, -3e9),
  };
}

const randomRecords = (random: Random): LogRecord[] =>
  Array.from({ length: random.whole(1, 40) }, () => randomRecord(random));

/** The record set of a Produce request of one partition of one topic `t`, which it ends with. */
const setOf = (request: Buffer): Buffer => request.subarray(2 + 2 + 4 + 4 + 2 + 1 + 4 + 4 + 4);

async function ourRequest(records: readonly LogRecord[], compression: number): Promise<Buffer> {
  const outgoing = new OutgoingBatch(3, compression);
  for (const one of records) assert.ok(outgoing.builder.add(one, Number.POSITIVE_INFINITY));
  const partitions = [{ partition: 3, firstSequence: 99, messages: outgoing }];
  return Buffer.concat(await encodeProduceRequest({ ...producer, topicData: [{ topic: 't', partitions }] }));
}

async function stockRequest(records: readonly LogRecord[], compression: number): Promise<Buffer> {
  const partitions = [{ partition: 3, firstSequence: 99, messages: records.map(outgoingMessage) }];
  const parameters = { ...producer, compression, topicData: [{ topic: 't', partitions }] };
  const { buffer } = await stockProtocol('produce').protocol({ version: 7 })(parameters).request.encode();
  return buffer;
}

async function stockRecords(set: Buffer) {
  const { responses } = await stockResponse(11).decode(fetchResponse(11, [{ partition: 3, set }]));
  return new StockBatch('t', '0', responses[0]!.partitions[0]!).messages.map(storedRecord);
}

before(registerCodecs);

describe('random records', () => {
  for (const [name, compression] of Object.entries(compressions))
    it(`${name}: what either codec writes, both read`, async () => {
      const random = new Random(compression + 1);
      for (let round = 0; round < rounds; round++) {
        const records = randomRecords(random);
        const expected = records.map((one, offset) => ({ ...one, offset }));
        const ours = setOf(await ourRequest(records, compression));
        const theirs = setOf(await stockRequest(records, compression));
        for (const set of [ours, theirs]) {
          assert.deepEqual(await stockRecords(set), expected);
          assert.deepEqual(fetchedRecords(await readRecordSet(set, 0, []))?.decode(), expected);
        }
      }
    });

  it('in one order of time make the same request, byte for byte', async () => {
    const random = new Random(77);
    for (let round = 0; round < rounds; round++) {
      const records = randomRecords(random).map((one, n) => ({ ...one, timestamp: 1_700_000_000_000 + n }));
      assert.deepEqual(await ourRequest(records, 0), await stockRequest(records, 0));
    }
  });
});

/** A partition that some producers wrote to in turns, all their transactions ended. */
function history(random: Random) {
  const batches: Buffer[] = [];
  const aborted: AbortedTransaction[] = [];
  const open = new Map<number, { readonly firstOffset: number; readonly records: [number, string][] }>();
  const committed: [number, string][] = [];
  let offset = 0;
  const end = (producerId: number): void => {
    const { firstOffset, records } = open.get(producerId)!;
    open.delete(producerId);
    const fate = oneOf(random, 'commit' as const, 'abort' as const);
    if (fate === 'commit') committed.push(...records);
    else aborted.push({ producerId, firstOffset });
    batches.push(marker(offset++, producerId, fate));
  };
  for (let step = 0; step < 40; step++) {
    const producerId = oneOf(random, -1, 101, 102, 103);
    if (open.has(producerId) && random.chance(0.3)) end(producerId);
    const first = offset;
    const records = Array.from({ length: random.whole(1, 3) }, () => `${offset++}`);
    const placed = records.map((value, n): [number, string] => [first + n, value]);
    const texts = records.map((value) => ({ ...randomRecord(random), value: Buffer.from(value) }));
    batches.push(batch(first, texts, producerId));
    if (producerId < 0) committed.push(...placed);
    else {
      if (!open.has(producerId)) open.set(producerId, { firstOffset: first, records: [] });
      open.get(producerId)!.records.push(...placed);
    }
  }
  for (const producerId of [...open.keys()]) end(producerId);
  committed.sort(([a], [b]) => a - b);
  aborted.sort((a, b) => a.firstOffset - b.firstOffset);
  return { set: Buffer.concat(batches), aborted, committed, end: offset };
}

describe('random transactions', () => {
  it('are read as they were committed, by either codec, in every version', async () => {
    const random = new Random(4_711);
    for (let round = 0; round < rounds; round++) {
      const { set, aborted, committed, end } = history(random);
      const version = oneOf(random, 4, 5, 6, 7, 8, 9, 10, 11);
      const response = fetchResponse(version, [{ partition: 0, set, aborted, highWatermark: end }]);
      const ours = await decodeFetchResponse(response, version, () => 0, new Damages());
      const [data] = ours.responses[0]!.partitions;
      const asKafkajsSeesIt = new StockBatch('t', '0', data!);
      const found = fetchedRecords(data!.messages)!.decode();
      assert.deepEqual(
        found.map(({ offset, value }) => [offset, String(value)]),
        committed,
      );
      const stock = (await stockResponse(version).decode(response)).responses[0]!.partitions[0]!;
      const theirs = new StockBatch('t', '0', stock);
      assert.deepEqual(theirs.messages.map(storedRecord), found);
      assert.equal(asKafkajsSeesIt.lastOffset(), theirs.lastOffset());
      assert.equal(asKafkajsSeesIt.messages.length, committed.length > 0 ? 1 : 0);
    }
  });

  it('are read as they were committed from any offset on', async () => {
    const random = new Random(815);
    for (let round = 0; round < rounds; round++) {
      const { set, aborted, committed, end } = history(random);
      const from = random.whole(0, end - 1);
      const found = fetchedRecords(await readRecordSet(set, from, aborted))!;
      assert.deepEqual(
        found.decode().map(({ offset, value }) => [offset, String(value)]),
        committed.filter(([offset]) => offset >= from),
      );
      assert.equal(found.next, end);
      assert.equal(found.visible, found.decode().length > 0);
    }
  });
});
