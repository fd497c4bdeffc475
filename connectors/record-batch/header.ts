// The header of Kafka’s RecordBatch, magic 2 (kafka.apache.org/documentation/#recordbatch): 61 bytes before the
// records. The first 12 (base offset, length) are outside the length; the checksum covers everything from byte 21.
import { crc32c } from '@node-rs/crc32';

/** Bytes before the first record; no batch is shorter, which is what tells a zero-filled tail from a batch. */
export const headerBytes = 61;
const prefixBytes = 12;
const crcFrom = 21;
const magic = 2;
const logAppendTime = 0x08;
const transactionalFlag = 0x10;

/** What a batch’s header says. Offsets and timestamps (ms) are exact below 2^53. */
export interface BatchHeader {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Size of the whole batch, header included. */
  readonly bytes: number;
  readonly count: number;
  /** Codec number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly compression: number;
  /** A transaction marker: its records are not for consumers. */
  readonly control: boolean;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** The broker’s clock counts: every record has `maxTimestamp`. */
  readonly appendTime: boolean;
  /** Part of a transaction of `producerId`: for consumers only once that is committed. */
  readonly transactional: boolean;
  /** −1 without idempotence. */
  readonly producerId: number;
}

/** What a batch is written with; its producer is stamped on later, if there is one. */
export type WrittenHeader = Omit<BatchHeader, 'transactional' | 'producerId' | 'compression' | 'control'>;

/** Whose batch it is: what a broker tells repeats by. */
export interface ProducerStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence number of the first record. */
  readonly sequence: number;
  readonly transactional: boolean;
  /** Codec number of the records as they are in the batch. */
  readonly compression: number;
}

/**
 * Reads the header at `position`, or null where there is none: too few bytes, another magic, or lengths and counts
 * that no batch can have. Whether all `bytes` of the batch are there is for the caller to see.
 */
export function readHeader(source: Buffer, position: number): BatchHeader | null {
  if (position + headerBytes > source.length) return null;
  const bytes = source.readInt32BE(position + 8) + prefixBytes;
  const lastDelta = source.readInt32BE(position + 23);
  const count = source.readInt32BE(position + 57);
  if (source[position + 16] !== magic || bytes < headerBytes || lastDelta < 0 || count < 0) return null;
  const attributes = source.readInt16BE(position + 21);
  const baseOffset = readInt64(source, position);
  return {
    baseOffset,
    lastOffset: baseOffset + lastDelta,
    bytes,
    count,
    compression: attributes & 0x07,
    control: (attributes & 0x20) !== 0,
    baseTimestamp: readInt64(source, position + 27),
    maxTimestamp: readInt64(source, position + 35),
    appendTime: (attributes & logAppendTime) !== 0,
    transactional: (attributes & transactionalFlag) !== 0,
    producerId: readInt64(source, position + 43),
  };
}

/** True when the batch at `position`, wholly in `source`, is what was written. */
export function checksumHolds(source: Buffer, position: number, header: BatchHeader): boolean {
  const computed = crc32c(source.subarray(position + crcFrom, position + header.bytes));
  return computed === source.readUInt32BE(position + 17);
}

/** Writes an uncompressed, non-transactional header around records that are already in place, checksum last. */
export function writeHeader(target: Buffer, position: number, header: WrittenHeader): void {
  writeUnsealed(target, position, header);
  writeChecksum(target, position, header.bytes);
}

/** The same without the checksum, for a batch that a producer’s stamp will seal. */
export function writeUnsealed(target: Buffer, position: number, header: WrittenHeader): void {
  writeInt64(target, position, header.baseOffset);
  target.writeInt32BE(header.bytes - prefixBytes, position + 8);
  target.writeInt32BE(0, position + 12);
  target[position + 16] = magic;
  target.writeInt16BE(0, position + 21);
  target.writeInt32BE(header.lastOffset - header.baseOffset, position + 23);
  writeInt64(target, position + 27, header.baseTimestamp);
  writeInt64(target, position + 35, header.maxTimestamp);
  target.fill(0xff, position + 43, position + 57);
  target.writeInt32BE(header.count, position + 57);
}

/**
 * Makes a written batch that of a producer, checksum last. A repeat is stamped with what it was stamped with before,
 * which is how the broker knows it.
 */
export function stampProducer(target: Buffer, position: number, bytes: number, stamp: ProducerStamp): void {
  target.writeInt16BE(stamp.compression | (stamp.transactional ? transactionalFlag : 0), position + 21);
  writeInt64(target, position + 43, stamp.producerId);
  target.writeInt16BE(stamp.producerEpoch, position + 51);
  target.writeInt32BE(stamp.sequence, position + 53);
  writeChecksum(target, position, bytes);
}

function writeChecksum(target: Buffer, position: number, bytes: number): void {
  target.writeUInt32BE(crc32c(target.subarray(position + crcFrom, position + bytes)), position + 17);
}

const readInt64 = (source: Buffer, position: number): number =>
  source.readInt32BE(position) * 0x1_0000_0000 + source.readUInt32BE(position + 4);

function writeInt64(target: Buffer, position: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  target.writeInt32BE(high, position);
  target.writeUInt32BE(value - high * 0x1_0000_0000, position + 4);
}
