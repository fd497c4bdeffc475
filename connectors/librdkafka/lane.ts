// One partition while this member owns it: what was fetched and not handled, where the next record should be, what
// was committed last.
import { Tenure } from '../kafka/tenure.ts';
import type { Position, StoredRecord } from '../log.ts';
import type { NativeMessage, Place } from './native.ts';
import { sizeOf, storedRecord } from './record.ts';

/** librdkafka's word for the first offset that a partition holds. */
export const logStart = -2;

export class Lane implements Place {
  readonly topic: string;
  readonly partition: number;
  readonly tenure: Tenure;
  /** The committed place lies outside the log, and nothing has been committed since. */
  outOfRange: boolean;
  /** Offset of the next record to come; null until the first one of a partition read from its start. */
  next: number | null;
  /** By the owner of the subscription. */
  paused = false;
  /** As librdkafka has it. */
  fetching = true;
  /** Where to go on instead; what comes before that is done is void. */
  seekTo: number | null = null;
  running: Promise<void> | undefined;
  /** The group's position as this member wrote it last. */
  lastCommit: { readonly offset: number; readonly metadata: string } | null;
  /** When the broker last confirmed that this member owns the partition, on the clock of `Date.now`. */
  confirmedAt = 0;
  /** Whether anything came since this was last asked and cleared. */
  moved = true;
  firstOffset: number | null = null;
  #waiting: StoredRecord[] = [];
  #sizes: number[] = [];
  #bytes = 0;

  constructor(
    { topic, partition }: Place,
    generation: number,
    start: number,
    position: Position | null,
    outOfRange = false,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.tenure = new Tenure(generation);
    this.next = start < 0 ? null : start;
    this.lastCommit = position && position.offset >= 0 ? position : null;
    this.outOfRange = outOfRange;
  }

  get key(): string {
    return `${this.topic}/${this.partition}`;
  }

  /** Bytes fetched and not handled. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether its next batch may be handed over. */
  get isReady(): boolean {
    return !(
      this.running ||
      this.isEmpty ||
      this.paused ||
      this.seekTo !== null ||
      this.tenure.revoked.aborted
    );
  }

  put(message: NativeMessage): void {
    if (this.seekTo !== null || this.tenure.revoked.aborted) return;
    if (this.next !== null && message.offset < this.next) return;
    const record = storedRecord(message);
    const bytes = sizeOf(record);
    this.#waiting.push(record);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    this.next = record.offset + 1;
    this.firstOffset ??= record.offset;
    this.moved = true;
  }

  /** Takes the next batch: at least a record, at most about `bytesMax`. */
  take(bytesMax: number): readonly StoredRecord[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && (count === 0 || bytes + this.#sizes[count]! <= bytesMax))
      bytes += this.#sizes[count++]!;
    const taken = this.#waiting.splice(0, count);
    this.#sizes.splice(0, count);
    this.#bytes -= bytes;
    return taken;
  }

  seek(offset: number): void {
    this.drop();
    this.seekTo = offset;
    this.next = offset;
  }

  /** Forgets what was fetched. */
  drop(): void {
    this.#waiting = [];
    this.#sizes = [];
    this.#bytes = 0;
  }
}
