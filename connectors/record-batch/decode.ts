// Kafka’s RecordBatch v2 bytes to records whose keys, values and headers are views into those bytes.
import type { StoredRecord } from '../log.ts';
import { type BatchHeader, headerBytes } from './header.ts';
import { VarintReader } from './varint.ts';

/** The bytes of a batch contradict themselves. */
export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch';
}

const noHeaders: StoredRecord['headers'] = Object.freeze({});
const absent = Buffer.alloc(0);

/**
 * Appends the records of an uncompressed batch at `position` of `source` to `into`, those below `fromOffset` left
 * out. Throws `CorruptBatch`. The views keep `source` alive: copy what outlives the batch.
 */
export function decodeBatch(
  source: Buffer,
  position: number,
  header: BatchHeader,
  into: StoredRecord[],
  fromOffset = Number.NEGATIVE_INFINITY,
): void {
  if (header.compression !== 0)
    throw new CorruptBatch(
      `the batch at offset ${header.baseOffset} is compressed (codec ${header.compression})`,
    );
  const payload = source.subarray(position + headerBytes, position + header.bytes);
  decodeRecords(payload, header, into, fromOffset);
}

/** The same for a batch whose records are already in `payload` alone, as after decompression. */
export function decodeRecords(
  payload: Buffer,
  header: BatchHeader,
  into: StoredRecord[],
  fromOffset = Number.NEGATIVE_INFINITY,
): void {
  const reader = new VarintReader(payload, 0);
  for (let left = header.count; left > 0; left--) {
    const bytes = reader.next();
    const end = reader.position + bytes;
    if (bytes < 0 || end > payload.length) throw corrupt(header, 'a record ends past its batch');
    const start = reader.position;
    reader.position = start + 1;
    const timestampDelta = reader.next();
    const offset = header.baseOffset + reader.next();
    if (offset >= fromOffset) into.push(readBody(payload, reader, header, timestampDelta, offset));
    else reader.position = end;
    if (reader.position !== end) throw corrupt(header, `record ${offset} is not as long as it says`);
  }
  if (reader.position !== payload.length) throw corrupt(header, 'bytes are left after the last record');
}

function readBody(
  payload: Buffer,
  reader: VarintReader,
  header: BatchHeader,
  timestampDelta: number,
  offset: number,
): StoredRecord {
  const key = readBytes(payload, reader);
  const value = readBytes(payload, reader);
  const count = reader.next();
  const timestamp = header.appendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta;
  const headers = count === 0 ? noHeaders : readHeaders(payload, reader, count);
  return { key, value, headers, timestamp, offset };
}

function readBytes(payload: Buffer, reader: VarintReader): Buffer | null {
  const bytes = reader.next();
  if (bytes < 0) return null;
  const start = reader.position;
  reader.position = start + bytes;
  return payload.subarray(start, reader.position);
}

/** Of headers with one name the last counts; a null header value reads as an empty one. */
function readHeaders(payload: Buffer, reader: VarintReader, count: number): StoredRecord['headers'] {
  const headers: Record<string, Buffer> = {};
  for (let left = count; left > 0 && reader.position < payload.length; left--) {
    const bytes = reader.next();
    const start = reader.position;
    reader.position = start + bytes;
    const name = headerName(payload, start, bytes);
    const value = readBytes(payload, reader) ?? absent;
    if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true });
    else headers[name] = value;
  }
  return headers;
}

// Consecutive records mostly carry the same names, so the last decoded name of each length is tried first: making a
// string costs ten times a comparison of a few bytes.
const lastNames: ({ readonly bytes: Buffer; readonly name: string } | undefined)[] = [];
const rememberedBytesMax = 64;

function headerName(payload: Buffer, start: number, bytes: number): string {
  if (bytes > rememberedBytesMax || bytes < 0) return payload.toString('utf8', start, start + bytes);
  const last = lastNames[bytes];
  if (last && sameBytes(last.bytes, payload, start)) return last.name;
  const name = payload.toString('utf8', start, start + bytes);
  lastNames[bytes] = { bytes: Buffer.from(payload.subarray(start, start + bytes)), name };
  return name;
}

function sameBytes(name: Buffer, payload: Buffer, start: number): boolean {
  for (let index = 0; index < name.length; index++) if (name[index] !== payload[start + index]) return false;
  return true;
}

const corrupt = (header: BatchHeader, what: string): CorruptBatch =>
  new CorruptBatch(`the batch at offset ${header.baseOffset} is corrupt: ${what}`);
