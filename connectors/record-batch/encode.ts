// Records to Kafka’s RecordBatch v2 bytes: one pass measures, one pass writes, one buffer is allocated.
import type { LogRecord, StoredRecord } from '../log.ts';
import { headerBytes, writeHeader } from './header.ts';
import { varintBytes, writeVarint } from './varint.ts';

/** Below this many bytes a loop beats the call into `Buffer.copy`. */
const loopBytesMax = 24;
/** Header names are few; a producer that invents them must not fill the memory. */
const namesMax = 1_024;
const names = new Map<string, Buffer>();

interface Span {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Encodes a run of records, offsets ascending from `baseOffset`, as one buffer of one or more batches. A batch is
 * closed before it exceeds `batchBytesMax`; a record larger than that gets a batch of its own.
 */
export function encodeRecords(
  records: readonly LogRecord[],
  baseOffset: number,
  batchBytesMax = Number.POSITIVE_INFINITY,
): Buffer {
  const sizes = new Int32Array(records.length);
  const spans = measure(records, sizes, batchBytesMax);
  const target = Buffer.allocUnsafeSlow(spans.reduce((sum, span) => sum + span.bytes, 0));
  let position = 0;
  for (const span of spans) {
    const base = baseOffset + span.from;
    let at = position + headerBytes;
    const baseTimestamp = records[span.from]!.timestamp;
    let maxTimestamp = baseTimestamp;
    for (let index = span.from; index < span.to; index++) {
      const record = records[index]!;
      if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
      at = writeVarint(target, at, sizes[index]!);
      at = writeRecord(target, at, record, record.timestamp - baseTimestamp, index - span.from);
    }
    const lastOffset = baseOffset + span.to - 1;
    const count = span.to - span.from;
    writeHeader(
      target,
      position,
      plainHeader(base, lastOffset, at - position, count, baseTimestamp, maxTimestamp),
    );
    position = at;
  }
  return target;
}

/**
 * Encodes records that keep the offsets they have, with gaps, as one batch that covers `baseOffset` to `lastOffset`:
 * what compaction leaves of a batch.
 */
export function encodeSparse(
  records: readonly StoredRecord[],
  baseOffset: number,
  lastOffset: number,
): Buffer {
  const baseTimestamp = records[0]?.timestamp ?? -1;
  let maxTimestamp = baseTimestamp;
  let bytes = headerBytes;
  const sizes = new Int32Array(records.length);
  for (const [index, record] of records.entries()) {
    const size = recordBytes(record, record.timestamp - baseTimestamp, record.offset - baseOffset);
    sizes[index] = size;
    bytes += size + varintBytes(size);
    if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
  }
  const target = Buffer.allocUnsafeSlow(bytes);
  let at = headerBytes;
  for (const [index, record] of records.entries()) {
    at = writeVarint(target, at, sizes[index]!);
    at = writeRecord(target, at, record, record.timestamp - baseTimestamp, record.offset - baseOffset);
  }
  writeHeader(
    target,
    0,
    plainHeader(baseOffset, lastOffset, bytes, records.length, baseTimestamp, maxTimestamp),
  );
  return target;
}

/** Bytes of one record inside a batch, without its own length prefix. */
export function recordBytes(record: LogRecord, timestampDelta: number, offsetDelta: number): number {
  let bytes = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta);
  bytes += prefixedBytes(record.key) + prefixedBytes(record.value);
  let headers = 0;
  for (const name in record.headers) {
    bytes += prefixedBytes(nameBytes(name)) + prefixedBytes(record.headers[name]!);
    headers++;
  }
  return bytes + varintBytes(headers);
}

function measure(records: readonly LogRecord[], sizes: Int32Array, batchBytesMax: number): Span[] {
  const spans: Span[] = [];
  let from = 0;
  let bytes = headerBytes;
  for (let index = 0; index < records.length; index++) {
    let size = sizeWithin(records, from, index);
    if (index > from && bytes + size > batchBytesMax) {
      spans.push({ from, to: index, bytes });
      from = index;
      bytes = headerBytes;
      size = sizeWithin(records, from, index);
    }
    sizes[index] = size;
    bytes += size + varintBytes(size);
  }
  if (from < records.length) spans.push({ from, to: records.length, bytes });
  return spans;
}

function sizeWithin(records: readonly LogRecord[], from: number, index: number): number {
  const record = records[index]!;
  return recordBytes(record, record.timestamp - records[from]!.timestamp, index - from);
}

/** Writes one record without its length prefix and returns the position after it. */
export function writeRecord(
  target: Buffer,
  position: number,
  record: LogRecord,
  timestampDelta: number,
  offsetDelta: number,
): number {
  target[position] = 0;
  let at = writeVarint(target, position + 1, timestampDelta);
  at = writeVarint(target, at, offsetDelta);
  at = writePrefixed(target, at, record.key);
  at = writePrefixed(target, at, record.value);
  let headers = 0;
  for (const _ in record.headers) headers++;
  at = writeVarint(target, at, headers);
  for (const name in record.headers) {
    at = writePrefixed(target, at, nameBytes(name));
    at = writePrefixed(target, at, record.headers[name]!);
  }
  return at;
}

const prefixedBytes = (bytes: Buffer | null): number =>
  bytes === null ? 1 : bytes.length + varintBytes(bytes.length);

function writePrefixed(target: Buffer, position: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(target, position, -1);
  const at = writeVarint(target, position, bytes.length);
  if (bytes.length < loopBytesMax) {
    for (let index = 0; index < bytes.length; index++) target[at + index] = bytes[index]!;
  } else target.set(bytes, at);
  return at + bytes.length;
}

function nameBytes(name: string): Buffer {
  const known = names.get(name);
  if (known) return known;
  const bytes = Buffer.from(name);
  if (names.size < namesMax) names.set(name, bytes);
  return bytes;
}

const plainHeader = (
  baseOffset: number,
  lastOffset: number,
  bytes: number,
  count: number,
  baseTimestamp: number,
  maxTimestamp: number,
) => ({
  baseOffset,
  lastOffset,
  bytes,
  count,
  baseTimestamp,
  maxTimestamp,
  appendTime: false,
});
