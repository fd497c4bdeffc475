// The record batch codec against bytes worked out by hand, against kafkajs’s own codec, and against damage.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import type { LogRecord, StoredRecord } from '../../connectors/log.ts';
import { CorruptBatch, decodeBatch, decodeRecords } from '../../connectors/record-batch/decode.ts';
import { encodeRecords, encodeSparse } from '../../connectors/record-batch/encode.ts';
import { checksumHolds, headerBytes, readHeader } from '../../connectors/record-batch/header.ts';
import { VarintReader, varintBytes, writeVarint } from '../../connectors/record-batch/varint.ts';

const require = createRequire(import.meta.url);
const kafkajs = (path: string): unknown => require(`kafkajs/src/protocol/${path}`);
const Decoder = kafkajs('decoder') as new (bytes: Buffer) => object;
const decodeKafkajs = kafkajs('recordBatch/v0/decoder') as (decoder: object) => Promise<{
  readonly records: readonly Readonly<
    Record<'key' | 'value' | 'offset' | 'timestamp' | 'headers', unknown>
  >[];
}>;
const { RecordBatch } = kafkajs('recordBatch/v0') as {
  readonly RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>;
};
const encodeKafkajs = kafkajs('recordBatch/record/v0') as (record: object) => object;

const byHand = Buffer.from(
  [
    '0000000000000005', // base offset
    '0000003a', // bytes that follow
    '00000000', // leader epoch
    '02', // magic
    '716a6189', // checksum of what follows
    '0000', // attributes
    '00000000', // last offset delta
    '00000000000003e8', // base timestamp
    '00000000000003e8', // largest timestamp
    'ffffffffffffffff', // producer id
    'ffff', // producer epoch
    'ffffffff', // base sequence
    '00000001', // records
    '10000000026b027600', // length 8, attributes, deltas, "k", "v", no headers
  ].join(''),
  'hex',
);

const records: readonly LogRecord[] = [
  { key: Buffer.from('k'), value: Buffer.from('v'), headers: {}, timestamp: 1_700_000_000_000 },
  { key: null, value: null, headers: {}, timestamp: 1_700_000_000_500 },
  { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: {}, timestamp: 1_699_999_999_000 },
  {
    key: Buffer.alloc(300, 1),
    value: Buffer.alloc(70_000, 2),
    headers: { traceparent: Buffer.from('00-aa-bb-01'), ünï: Buffer.alloc(200, 3), none: Buffer.alloc(0) },
    timestamp: 4_102_444_800_000,
  },
  {
    key: Buffer.from('old'),
    value: Buffer.from('x'),
    headers: { traceparent: Buffer.from('2') },
    timestamp: 0,
  },
];

function decodeAll(bytes: Buffer): StoredRecord[] {
  const found: StoredRecord[] = [];
  for (let position = 0; position < bytes.length; ) {
    const header = readHeader(bytes, position);
    assert.ok(header);
    assert.ok(checksumHolds(bytes, position, header));
    decodeBatch(bytes, position, header, found);
    position += header.bytes;
  }
  return found;
}

const withOffsets = (from: number, some: readonly LogRecord[] = records): StoredRecord[] =>
  some.map((record, index) => ({ ...record, offset: from + index }));

describe('varints', () => {
  it('survive the way there and back in as many bytes as announced', () => {
    const edges = [0, 63, 64, 8_191, 8_192, 1_048_575, 0x3fffffff, 0x40000000, 2 ** 31, 2 ** 40, 2 ** 51];
    for (const value of edges.flatMap((edge) => [edge, -edge - 1, edge - 1])) {
      const target = Buffer.alloc(12);
      const end = writeVarint(target, 0, value);
      assert.equal(end, varintBytes(value), `${value}`);
      const reader = new VarintReader(target, 0);
      assert.equal(reader.next(), value);
      assert.equal(reader.position, end);
    }
  });
});

describe('record batches', () => {
  it('are the bytes the format prescribes', () => {
    const record = { key: Buffer.from('k'), value: Buffer.from('v'), headers: {}, timestamp: 1_000 };
    assert.equal(encodeRecords([record], 5).toString('hex'), byHand.toString('hex'));
    assert.deepEqual(decodeAll(byHand), [{ ...record, offset: 5 }]);
  });

  it('come back as they were, in one batch or in several', () => {
    for (const batchBytesMax of [1, 500, 100_000, Number.POSITIVE_INFINITY])
      assert.deepEqual(decodeAll(encodeRecords(records, 1_000, batchBytesMax)), withOffsets(1_000));
    const count = (batchBytesMax: number): number => {
      const bytes = encodeRecords(withOffsets(0, Array(100).fill(records[0])), 0, batchBytesMax);
      let batches = 0;
      for (let at = 0; at < bytes.length; at += readHeader(bytes, at)!.bytes) batches++;
      return batches;
    };
    assert.deepEqual([count(1), count(Number.POSITIVE_INFINITY)], [100, 1]);
  });

  it('hold offsets and timestamps beyond 32 bits', () => {
    const far = [
      { ...records[0]!, timestamp: 2 ** 45 },
      { ...records[1]!, timestamp: -1 },
    ];
    assert.deepEqual(decodeAll(encodeRecords(far, 2 ** 50)), withOffsets(2 ** 50, far));
  });

  it('are read by kafkajs', async () => {
    const { records: read } = await decodeKafkajs(new Decoder(encodeRecords(records, 7)));
    assert.deepEqual(
      read.map(({ key, value, headers, offset, timestamp }) => ({
        key,
        value,
        headers,
        offset: Number(offset),
        timestamp: Number(timestamp),
      })),
      withOffsets(7),
    );
  });

  it('of kafkajs are read, and are the same bytes as ours', async () => {
    const Long = require('kafkajs/src/utils/long') as { fromNumber: (value: number) => unknown };
    const base = records[0]!.timestamp;
    const encoded = records.map(({ key, value, headers, timestamp }, offsetDelta) =>
      encodeKafkajs({ key, value, headers, offsetDelta, timestampDelta: timestamp - base }),
    );
    const { buffer } = await RecordBatch({
      firstOffset: Long.fromNumber(9),
      firstTimestamp: base,
      maxTimestamp: 4_102_444_800_000,
      lastOffsetDelta: records.length - 1,
      firstSequence: -1,
      producerEpoch: -1,
      records: encoded,
    });
    assert.deepEqual(decodeAll(buffer), withOffsets(9));
    assert.ok(buffer.equals(encodeRecords(records, 9)));
  });

  it('keep offsets with gaps', () => {
    const sparse = withOffsets(100).filter(({ offset }) => offset % 2 === 1);
    const bytes = encodeSparse(sparse, 100, 110);
    assert.equal(readHeader(bytes, 0)?.lastOffset, 110);
    assert.deepEqual(decodeAll(bytes), sparse);
    const from: StoredRecord[] = [];
    decodeBatch(bytes, 0, readHeader(bytes, 0)!, from, 102);
    assert.deepEqual(
      from,
      sparse.filter(({ offset }) => offset >= 102),
    );
  });

  it('stamped by the broker give every record the broker’s time', () => {
    const bytes = encodeRecords(records.slice(0, 2), 0);
    bytes.writeInt16BE(0x08, 21);
    const header = readHeader(bytes, 0)!;
    const found: StoredRecord[] = [];
    decodeBatch(bytes, 0, header, found);
    assert.deepEqual(
      found.map(({ timestamp }) => timestamp),
      [1_700_000_000_500, 1_700_000_000_500],
    );
  });

  it('that are compressed are refused, and read once their records are not any more', () => {
    const bytes = encodeRecords(records, 0);
    bytes.writeInt16BE(4, 21);
    const header = readHeader(bytes, 0)!;
    assert.throws(() => decodeBatch(bytes, 0, header, []), CorruptBatch);
    const found: StoredRecord[] = [];
    decodeRecords(bytes.subarray(headerBytes), header, found);
    assert.deepEqual(found, withOffsets(0));
  });

  it('take any header name, `__proto__` too', () => {
    const headers = JSON.parse('{"__proto__":0,"constructor":0,"1":0}') as Record<string, unknown>;
    for (const name of Object.keys(headers))
      Object.defineProperty(headers, name, { value: Buffer.from(name), enumerable: true });
    const [found] = decodeAll(
      encodeRecords([{ ...records[0]!, headers: headers as LogRecord['headers'] }], 0),
    );
    assert.deepEqual(Object.keys(found!.headers).sort(), ['1', '__proto__', 'constructor']);
    assert.equal(String(Object.getOwnPropertyDescriptor(found!.headers, '__proto__')?.value), '__proto__');
  });
});

describe('damage', () => {
  it('of any single byte after the offset is noticed', () => {
    const whole = encodeRecords(records.slice(0, 3), 3);
    for (let place = 8; place < whole.length; place++) {
      const bytes = Buffer.from(whole);
      bytes[place]! ^= 0x40;
      const header = readHeader(bytes, 0);
      const epoch = place >= 12 && place < 16;
      const sound = header !== null && header.bytes === whole.length && checksumHolds(bytes, 0, header);
      assert.equal(sound, epoch, `byte ${place}`);
    }
  });

  it('in the records is an error even when the checksum is not asked', () => {
    const whole = encodeRecords(records.slice(0, 3), 3);
    for (let place = headerBytes; place < whole.length; place++) {
      const bytes = Buffer.from(whole);
      bytes[place] = 0xff;
      try {
        decodeBatch(bytes, 0, readHeader(bytes, 0)!, []);
      } catch (error) {
        assert.ok(error instanceof CorruptBatch, `byte ${place}: ${error}`);
      }
    }
    assert.throws(
      () => decodeRecords(whole.subarray(headerBytes, -1), readHeader(whole, 0)!, []),
      CorruptBatch,
    );
  });

  it('zeros and scraps are no header', () => {
    assert.equal(readHeader(Buffer.alloc(1_000), 0), null);
    assert.equal(readHeader(encodeRecords(records, 0).subarray(0, headerBytes - 1), 0), null);
  });
});
