// One file of consecutive record batches. File work is synchronous on purpose: an append or a read of a page-cached
// megabyte takes tens of microseconds, while the thread pool it would otherwise queue in is shared with ClickHouse’s
// and other native calls that take seconds. Only waiting for the disk itself (`sync`) is asynchronous.
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readHeader } from '../record-batch/header.ts';
import { corrupt, unwritten } from './failures.ts';
import { indexIntervalBytes, SegmentIndex } from './segment-index.ts';

/** `00000000000000000042`: names sort as their offsets do. */
export const segmentName = (baseOffset: number): string => String(baseOffset).padStart(20, '0');

/** Makes renames and new files in a directory outlast the machine’s death. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export interface SegmentState {
  readonly directory: string;
  readonly baseOffset: number;
  readonly bytes: number;
  readonly appendedAt: number;
  readonly index: SegmentIndex;
}

export class Segment {
  readonly baseOffset: number;
  readonly file: string;
  readonly index: SegmentIndex;
  /** Length of the file, all of it whole batches. */
  bytes: number;
  /** When something was last appended, in milliseconds since 1970; after opening, when the file last changed. */
  appendedAt: number;
  /** True once its file is gone: whoever holds a place in it has to look again. */
  retired = false;
  #descriptor: number | null = null;
  #indexedPosition: number;
  #lastSync: Promise<unknown> = Promise.resolve();

  constructor(state: SegmentState) {
    this.baseOffset = state.baseOffset;
    this.file = join(state.directory, `${segmentName(state.baseOffset)}.log`);
    this.index = state.index;
    this.bytes = state.bytes;
    this.appendedAt = state.appendedAt;
    this.#indexedPosition = this.index.count === 0 ? 0 : this.index.at(this.index.count - 1).position;
  }

  static create(directory: string, baseOffset: number): Segment {
    const index = SegmentIndex.load(join(directory, `${segmentName(baseOffset)}.index`));
    const segment = new Segment({ directory, baseOffset, bytes: 0, appendedAt: 0, index });
    try {
      index.keep(0);
      segment.activate();
    } catch (error) {
      index.close();
      throw error;
    }
    return segment;
  }

  /** Opens the file for appending, making it if need be. */
  activate(): void {
    this.#descriptor ??= openSync(this.file, 'a+');
  }

  /**
   * Appends whole batches at the instant `now`. A write that fails half-way (full disk) is cut off again, because whatever was appended
   * after it could not be found.
   */
  append(batches: Buffer, now: number): void {
    const descriptor = this.#descriptor!;
    try {
      for (let written = 0; written < batches.length; )
        written += writeSync(descriptor, batches, written, batches.length - written);
    } catch (error) {
      ftruncateSync(descriptor, this.bytes);
      throw unwritten(this.file, error);
    }
    this.#register(batches);
    this.bytes += batches.length;
    this.appendedAt = now;
  }

  #register(batches: Buffer): void {
    for (let position = 0; position < batches.length; ) {
      const header = readHeader(batches, position);
      if (!header) throw corrupt(this.file, this.bytes + position);
      if (this.bytes + position - this.#indexedPosition >= indexIntervalBytes) {
        this.#indexedPosition = this.bytes + position;
        this.index.add({ offset: header.baseOffset, position: this.#indexedPosition });
      }
      position += header.bytes;
    }
  }

  /** Up to `length` bytes from `position`: fewer only where the file ends. */
  read(position: number, length: number): Buffer {
    const target = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.bytes - position)));
    const descriptor = this.#descriptor ?? openSync(this.file, 'r');
    try {
      let filled = 0;
      while (filled < target.length) {
        const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled === target.length ? target : target.subarray(0, filled);
    } finally {
      if (this.#descriptor === null) closeSync(descriptor);
    }
  }

  /** Resolves when everything appended so far is on the disk. */
  sync(): Promise<void> {
    const descriptor = this.#descriptor;
    if (descriptor === null) return Promise.resolve();
    const syncing = new Promise<void>((resolve, reject) =>
      fdatasync(descriptor, (error) => (error ? reject(error) : resolve())),
    );
    this.#lastSync = Promise.allSettled([this.#lastSync, syncing]);
    return syncing;
  }

  /** Returns when everything appended so far is on the disk. Throws `Retryable` when the disk does not say so. */
  syncNow(): void {
    try {
      if (this.#descriptor !== null) fdatasyncSync(this.#descriptor);
    } catch (error) {
      throw unwritten(this.file, error);
    }
  }

  /** Ends appending: the file goes to the disk and is from then on opened for each read. */
  async seal(): Promise<void> {
    try {
      await this.sync();
    } finally {
      // A descriptor closed under a sync that still waits for a thread would be another file’s by then.
      await this.#lastSync;
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.index.close();
  }

  /** Deletes the files, the index first: a log without an index is whole, an index without its log is not. */
  remove(): void {
    this.retired = true;
    this.close();
    for (const file of [this.index.file, this.file]) {
      try {
        unlinkSync(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}
