// A place in a partition from which records are read on and on.
import type { StoredRecord } from '../log.ts';
import { CorruptBatch, decodeBatch } from '../record-batch/decode.ts';
import { type BatchHeader, checksumHolds, readHeader } from '../record-batch/header.ts';
import { corrupt } from './failures.ts';
import type { Partition } from './partition.ts';
import type { Segment } from './segment.ts';

/** Smallest read of a file: finding an offset from an index entry passes this much at most. */
const chunkBytesMin = 65_536;

export class PartitionReader {
  readonly partition: Partition;
  #offset: number;
  #segment: Segment | null = null;
  #position = 0;
  /** Records of a batch that was larger than what was asked for. */
  #rest: StoredRecord[] = [];

  constructor(partition: Partition, offset: number) {
    this.partition = partition;
    this.#offset = offset;
    this.seek(offset);
  }

  /** Offset of the next record, or of the gap before it. */
  get offset(): number {
    return this.#rest[0]?.offset ?? this.#offset;
  }

  /** Goes to `offset`, or to the nearest one that the partition can have. */
  seek(offset: number): void {
    this.#offset = Math.min(Math.max(offset, this.partition.start), this.partition.end);
    this.#segment = null;
    this.#rest = [];
  }

  /** Bytes that wait to be read: exact in the active segment, at least one segment’s rest before it. */
  availableBytes(): number {
    if (this.#rest.length > 0) return Number.POSITIVE_INFINITY;
    if (this.#offset >= this.partition.end) return 0;
    const segment = this.#locate();
    return segment === this.partition.active ? segment.bytes - this.#position : Number.POSITIVE_INFINITY;
  }

  /**
   * The next records, `bytesMax` bytes of them at most but at least one; none at the end of the partition.
   * Throws `Misconfigured` (`corrupt-log`) where the file is not what was written.
   */
  next(bytesMax: number): StoredRecord[] {
    if (this.#rest.length > 0) return this.#cut(this.#rest, bytesMax);
    while (this.#offset < this.partition.end) {
      const segment = this.#locate();
      if (this.#position >= segment.bytes) {
        if (!this.#enterNext(segment)) return [];
        continue;
      }
      const records = this.#readChunk(segment, bytesMax);
      if (records.length > 0) return records;
    }
    return [];
  }

  #locate(): Segment {
    if (this.#segment && !this.#segment.retired) return this.#segment;
    this.#offset = Math.max(this.#offset, this.partition.start);
    this.#segment = this.partition.segments[this.partition.segmentPlace(this.#offset)]!;
    this.#position = this.#segment.index.positionBefore(this.#offset);
    return this.#segment;
  }

  #enterNext(segment: Segment): boolean {
    const following = this.partition.segments[this.partition.segments.indexOf(segment) + 1];
    if (!following) return false;
    this.#segment = following;
    this.#position = 0;
    this.#offset = Math.max(this.#offset, following.baseOffset);
    return true;
  }

  #readChunk(segment: Segment, bytesMax: number): StoredRecord[] {
    let source = segment.read(this.#position, Math.max(bytesMax, chunkBytesMin));
    const first = readHeader(source, 0);
    if (first && first.bytes > source.length) source = segment.read(this.#position, first.bytes);
    const records: StoredRecord[] = [];
    let taken = 0;
    for (let at = 0; at < source.length; ) {
      const header = readHeader(source, at);
      if (!header || at + header.bytes > source.length) {
        this.#mustContinue(segment, at, source.length);
        break;
      }
      if (header.baseOffset >= this.partition.end) break;
      if (header.lastOffset >= this.#offset && !header.control) {
        if (taken > 0 && taken + header.bytes > bytesMax) break;
        taken += header.bytes;
        this.#decode(segment, source, at, header, records);
      }
      at += header.bytes;
      this.#position += header.bytes;
      this.#offset = Math.max(this.#offset, header.lastOffset + 1);
    }
    return taken > bytesMax ? this.#cut(records, bytesMax) : records;
  }

  /** A batch that is not whole in what was read is only right when the file goes on behind it. */
  #mustContinue(segment: Segment, at: number, length: number): void {
    const fileGoesOn = this.#position + (length - at) < segment.bytes;
    if (at === 0 || !fileGoesOn) throw corrupt(segment.file, this.#position);
  }

  #decode(segment: Segment, source: Buffer, at: number, header: BatchHeader, into: StoredRecord[]): void {
    if (!checksumHolds(source, at, header)) throw corrupt(segment.file, this.#position);
    try {
      decodeBatch(source, at, header, into, this.#offset);
    } catch (error) {
      if (error instanceof CorruptBatch) throw corrupt(segment.file, this.#position, error);
      throw error;
    }
  }

  /** Gives the first records up to `bytesMax` and keeps the others for the next call. */
  #cut(records: StoredRecord[], bytesMax: number): StoredRecord[] {
    let bytes = 0;
    let count = 0;
    for (const { key, value } of records) {
      bytes += (key?.length ?? 0) + (value?.length ?? 0);
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    this.#rest = records.slice(count);
    return count === records.length ? records : records.slice(0, count);
  }
}
