// The partitions a member owns, and which of them is to be fetched next.
import type { SubscribeOptions } from '../log.ts';
import type { Ownership } from './group.ts';
import type { PartitionReader } from './partition-reader.ts';

/** What a member keeps of a partition it owns. */
export interface Feed {
  readonly ownership: Ownership;
  readonly reader: PartitionReader;
  /** Ends being told of appends. */
  readonly unwatch: () => void;
  paused: boolean;
  /** A fetch found something here: it is handed over as soon as there is room. */
  released: boolean;
  running: Promise<void> | null;
}

/** A fetch over several partitions: it ends when it has enough bytes, or some and has waited long enough. */
export class Fetch {
  readonly #options: Pick<SubscribeOptions, 'fetchBytesMin' | 'fetchWaitMs'>;
  readonly #onTimeout: () => void;
  #timer: NodeJS.Timeout | null = null;
  #outOfTime = false;

  /** `onTimeout` is called when `next` may have another answer because time has passed. */
  constructor(options: Pick<SubscribeOptions, 'fetchBytesMin' | 'fetchWaitMs'>, onTimeout: () => void) {
    this.#options = options;
    this.#onTimeout = onTimeout;
  }

  /** The feed to hand over next, in the order given; undefined when none is due. */
  next(feeds: readonly Feed[]): Feed | undefined {
    const idle = feeds.filter(
      ({ running, paused, ownership }) => !running && !paused && !ownership.revoked.signal.aborted,
    );
    const released = idle.find((feed) => feed.released);
    if (released) return released;
    const waiting = idle.filter(({ reader }) => reader.availableBytes() > 0);
    if (!this.#isDue(waiting)) return undefined;
    this.close();
    for (const feed of waiting) feed.released = true;
    return waiting[0];
  }

  #isDue(waiting: readonly Feed[]): boolean {
    if (waiting.length === 0) return false;
    if (this.#outOfTime || this.#options.fetchWaitMs <= 0) return true;
    const bytes = waiting.reduce((sum, { reader }) => sum + reader.availableBytes(), 0);
    if (bytes >= this.#options.fetchBytesMin) return true;
    this.#timer ??= setTimeout(() => {
      this.#outOfTime = true;
      this.#onTimeout();
    }, this.#options.fetchWaitMs);
    return false;
  }

  close(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    this.#outOfTime = false;
  }
}
