// One partition on disk: sealed segments, the active one at the end, and who waits for more.
import { mkdirSync } from 'node:fs';
import type { LogRecord } from '../log.ts';
import { encodeRecords } from '../record-batch/encode.ts';
import { closed, unwritten } from './failures.ts';
import { recoverSegments } from './recovery.ts';
import { Segment, syncDirectory } from './segment.ts';
import { batchBytesMax, type Settings } from './settings.ts';

export interface Cleaning {
  readonly compacted: boolean;
  /** Negative for ever. */
  readonly retentionMs: number;
}

export class Partition {
  readonly topic: string;
  readonly number: number;
  readonly directory: string;
  readonly settings: Settings;
  readonly cleaning: Cleaning;
  /** In the order of their offsets; the last one is active. */
  segments: Segment[];
  /** Called after a segment was sealed: time to clean. */
  onRoll: () => void = () => {};
  closed = false;
  #appended: number;
  #readable: number;
  #flushing: Promise<void> | null = null;
  #flushNext: Promise<void> | null = null;
  #sealing = new Set<Promise<void>>();
  readonly #listeners = new Set<() => void>();

  private constructor(
    topic: string,
    number: number,
    directory: string,
    settings: Settings,
    cleaning: Cleaning,
  ) {
    this.topic = topic;
    this.number = number;
    this.directory = directory;
    this.settings = settings;
    this.cleaning = cleaning;
    const { segments, end } = recoverSegments(directory, settings);
    this.segments = segments;
    this.#appended = end;
    this.#readable = end;
  }

  static open(
    topic: string,
    number: number,
    directory: string,
    settings: Settings,
    cleaning: Cleaning,
  ): Partition {
    mkdirSync(directory, { recursive: true });
    const partition = new Partition(topic, number, directory, settings, cleaning);
    if (settings.fsync) syncDirectory(directory);
    return partition;
  }

  get start(): number {
    return this.segments[0]!.baseOffset;
  }

  /** End of what may be read: with fsync, what the disk has. */
  get end(): number {
    return this.#readable;
  }

  get active(): Segment {
    return this.segments.at(-1)!;
  }

  /** Place of the segment that holds `offset`, or would. */
  segmentPlace(offset: number): number {
    let low = 0;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.segments[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Appends records with one write and returns the first one’s offset. With fsync, `flush` makes them readable. */
  append(records: readonly LogRecord[]): number {
    if (this.closed) throw closed();
    const baseOffset = this.#appended;
    const batches = encodeRecords(records, baseOffset, batchBytesMax);
    if (this.active.bytes > 0 && this.active.bytes + batches.length > this.settings.segmentBytesMax)
      this.#roll();
    this.active.append(batches, this.settings.clock());
    this.#appended = baseOffset + records.length;
    if (!this.settings.fsync) this.#reveal(this.#appended);
    return baseOffset;
  }

  /** Resolves when all that was appended is on the disk; at once without fsync. Calls that overlap share a sync. */
  flush(): Promise<void> {
    if (!this.settings.fsync) return Promise.resolve();
    if (!this.#flushing) return this.#startFlush();
    this.#flushNext ??= this.#flushing.catch(() => {}).then(() => this.#startFlush());
    return this.#flushNext;
  }

  #startFlush(): Promise<void> {
    this.#flushNext = null;
    const end = this.#appended;
    const written = Promise.all([...this.#sealing, this.active.sync()]);
    this.#flushing = written
      .then(() => this.#reveal(end))
      .finally(() => {
        this.#flushing = null;
      });
    return this.#flushing;
  }

  #reveal(end: number): void {
    this.#readable = Math.max(this.#readable, end);
    for (const listener of this.#listeners) listener();
  }

  #roll(): void {
    // With fsync the segment is on the disk before there is a next one: recovery cuts a torn write off the last
    // segment only, and a machine that dies in between must not leave one in the middle of the partition.
    if (this.settings.fsync) this.active.syncNow();
    const next = this.#createNext();
    const sealing = this.active.seal();
    this.#sealing.add(sealing);
    sealing.then(
      () => this.#sealing.delete(sealing),
      () => {},
    );
    this.segments.push(next);
    this.onRoll();
  }

  /** Throws `Retryable` when the disk has no room for it; then nothing has changed, and the next append tries again. */
  #createNext(): Segment {
    let next: Segment | null = null;
    try {
      next = Segment.create(this.directory, this.#appended);
      if (this.settings.fsync) syncDirectory(this.directory);
      return next;
    } catch (error) {
      // An empty segment left behind would hide what is appended to the active one after this.
      next?.remove();
      throw unwritten(this.directory, error);
    }
  }

  /** Calls `listener` after every append until the returned function is called. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Deletes sealed segments that are too old or too many. Not for compacted topics. Age counts from a segment’s last
   * append. Kafka counts from the records’ own timestamps, which deletes a backlog of old records while it is loaded.
   */
  retain(): void {
    if (this.cleaning.compacted) return;
    const { retentionMs } = this.cleaning;
    const oldest = retentionMs < 0 ? Number.NEGATIVE_INFINITY : this.settings.clock() - retentionMs;
    let bytes = this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
    while (this.segments.length > 1) {
      const first = this.segments[0]!;
      if (first.appendedAt >= oldest && bytes <= this.settings.retentionBytes) return;
      bytes -= first.bytes;
      this.segments.shift();
      first.remove();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled([...this.#sealing, this.#flushing, this.#flushNext]);
    for (const segment of this.segments) segment.close();
  }
}
