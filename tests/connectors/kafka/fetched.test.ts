// What our codec makes of fetched record sets: markers, aborted transactions, gaps, damage, what is cut off.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { CorruptPartition, Damages, decodeFetchResponse } from '../../../connectors/kafka/fetch-response.ts';
import { type AbortedTransaction, fetchedRecords, readRecordSet } from '../../../connectors/kafka/fetched.ts';
import type { LogRecord, StoredRecord } from '../../../connectors/log.ts';
import { CorruptBatch } from '../../../connectors/record-batch/decode.ts';
import { encodeSparse } from '../../../connectors/record-batch/encode.ts';
import { record } from '../../contract/log/subject.ts';
import { batch, fetchResponse, marker, sealed } from './record-sets.ts';

const require = createRequire(import.meta.url);

const some = (...values: string[]): LogRecord[] => values.map((value) => record('k', value, 1_000));

interface Read {
  readonly values: readonly string[];
  readonly offsets: readonly number[];
  readonly next: number;
  /** Whether kafkajs hands the batch to a handler; it passes over what has nothing for it. */
  readonly handled: boolean;
}

async function read(
  set: Buffer,
  from = 0,
  aborted: readonly AbortedTransaction[] = [],
): Promise<Read | null> {
  const messages = await readRecordSet(set, from, aborted);
  const fetched = fetchedRecords(messages);
  if (!fetched) return null;
  const [{ offset, isControlRecord }] = messages as readonly [{ offset: string; isControlRecord: boolean }];
  assert.equal(Number(offset), fetched.next - 1);
  const records = fetched.decode();
  return {
    values: records.map(({ value }) => String(value)),
    offsets: records.map((one) => one.offset),
    next: fetched.next,
    handled: !isControlRecord,
  };
}

describe('a fetched record set', () => {
  it('is read from the fetched offset on', async () => {
    const set = Buffer.concat([batch(10, some('a', 'b', 'c')), batch(13, some('d'))]);
    assert.deepEqual(await read(set, 10), {
      values: ['a', 'b', 'c', 'd'],
      offsets: [10, 11, 12, 13],
      next: 14,
      handled: true,
    });
    assert.deepEqual((await read(set, 12))?.offsets, [12, 13]);
  });

  it('ends where part of a batch was cut off', async () => {
    const [whole, cut] = [batch(0, some('a')), batch(1, some('b'))];
    for (const length of [1, 16, 17, 60, 61, cut.length - 1]) {
      const found = await read(Buffer.concat([whole, cut.subarray(0, length)]));
      assert.deepEqual([found?.values, found?.next], [['a'], 1], `${length} bytes`);
      assert.equal(await read(cut.subarray(0, length), 1), null, `${length} bytes alone`);
    }
    assert.equal(await read(Buffer.alloc(0)), null);
  });

  it('goes on behind what compaction left of it', async () => {
    const kept = some('b').map((one): StoredRecord => ({ ...one, offset: 21 }));
    const gaps = encodeSparse(kept, 20, 29);
    assert.deepEqual(await read(gaps, 20), { values: ['b'], offsets: [21], next: 30, handled: true });
    // Begun in the middle, there is nothing left of it to see.
    assert.deepEqual(await read(gaps, 22), { values: [], offsets: [], next: 30, handled: false });
    const empty = encodeSparse([], 30, 39);
    assert.deepEqual(await read(empty, 30), { values: [], offsets: [], next: 40, handled: false });
  });

  it('is without markers and aborted transactions, whoever’s transactions lie between', async () => {
    const set = Buffer.concat([
      batch(0, some('kept-1'), 1),
      batch(1, some('void', 'void'), 2),
      batch(3, some('plain')),
      marker(4, 1, 'commit'),
      batch(5, some('void'), 2),
      marker(6, 2, 'abort'),
      batch(7, some('kept-2'), 2),
      marker(8, 2, 'commit'),
    ]);
    const aborted = [{ producerId: 2, firstOffset: 1 }];
    const found = await read(set, 0, aborted);
    assert.deepEqual(found?.values, ['kept-1', 'plain', 'kept-2']);
    assert.equal(found?.next, 9);
    // The broker names aborted transactions that began before the fetched offset, too.
    assert.deepEqual((await read(set.subarray(batch(0, some('kept-1')).length), 5, aborted))?.values, [
      'kept-2',
    ]);
    const onlyVoid = Buffer.concat([batch(0, some('void'), 2), marker(1, 2, 'abort')]);
    assert.deepEqual(await read(onlyVoid, 0, [{ producerId: 2, firstOffset: 0 }]), {
      values: [],
      offsets: [],
      next: 2,
      handled: false,
    });
  });

  it('that is older than Kafka 0.11 is left to kafkajs', async () => {
    const MessageSet = require('kafkajs/src/protocol/messageSet') as (set: object) => {
      readonly buffer: Buffer;
    };
    for (const messageVersion of [0, 1]) {
      const entries = ['a', 'b'].map((value) => ({ key: 'k', value, timestamp: 5 }));
      const { buffer } = MessageSet({ messageVersion, compression: 0, entries });
      const messages = (await readRecordSet(buffer, 0, [])) as readonly { readonly value: Buffer }[];
      assert.deepEqual(
        messages.map(({ value }) => String(value)),
        ['a', 'b'],
      );
      assert.equal(fetchedRecords(messages), null);
    }
  });
});

describe('a damaged batch', () => {
  const damaged = (offset: number): Buffer => {
    const bytes = batch(offset, some('bad'));
    bytes[bytes.length - 2]! ^= 1;
    return bytes;
  };

  it('ends the set, so that what is sound is handled first', async () => {
    const found = await read(Buffer.concat([batch(0, some('a')), damaged(1), batch(2, some('c'))]));
    assert.deepEqual([found?.values, found?.next], [['a'], 1]);
  });

  it('is an error where it is the first', async () => {
    await assert.rejects(readRecordSet(damaged(1), 1, []), CorruptBatch);
    const lengthless = batch(1, some('bad'));
    lengthless.writeInt32BE(3, 8);
    await assert.rejects(readRecordSet(lengthless, 1, []), CorruptBatch);
    const unknown = batch(1, some('bad'));
    unknown.writeInt16BE(7, 21);
    await assert.rejects(readRecordSet(sealed(unknown), 1, []), /unknown codec: 7/);
    const uncompressed = batch(1, some('bad'));
    uncompressed.writeInt16BE(1, 21);
    await assert.rejects(readRecordSet(sealed(uncompressed), 1, []), /cannot be decompressed/);
  });

  it('is fetched again once, beside what is sound elsewhere; then it is an error that says where', async () => {
    const damages = new Damages();
    const response = fetchResponse(11, [
      { partition: 0, set: damaged(5) },
      { partition: 1, set: batch(5, some('sound')) },
    ]);
    const decode = () => decodeFetchResponse(response, 11, () => 5, damages);
    const [topic] = (await decode()).responses;
    assert.deepEqual(
      topic!.partitions.map(({ messages }) => messages.length),
      [0, 1],
    );
    await assert.rejects(decode(), (error: unknown) => {
      assert.ok(error instanceof CorruptPartition);
      assert.match(error.message, /t\/0 cannot be read from offset 5 on: the batch at offset 5/);
      return error.retriable === false && error.code === 'kafka-corrupt-batch';
    });
  });
});
