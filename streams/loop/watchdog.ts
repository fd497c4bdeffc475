// Watches one running stream: records to read and no progress for `stallMs` is a failure, however green the
// heartbeats are. The stream’s subscription is then closed and started again with a fresh client, again after each
// further `stallMs`, until it goes on. Judged are the partitions that this process owns, by their committed offsets
// and delivered chunks; what other processes and other groups do is theirs.
import type { Log, SubscribeOptions, Subscription } from '../../connectors/log.ts';
import { Retryable } from '../../schemas/errors.ts';
import { within } from './patience.ts';
import type { Progress } from './progress.ts';
import { type Stall, StallSearch } from './stalls.ts';

export interface WatchOptions {
  /** How long a partition with records to read may make no progress, in milliseconds. */
  readonly stallMs: number;
  /** Told after every look, what makes no progress; nothing when all is well. */
  looked(stream: string, stalls: readonly Stall[]): void;
  /** Told before the stream gets a new client. */
  restarting(stream: string, stalls: readonly Stall[]): void;
  /** Told when the log does not say where the stream is. */
  unseen(stream: string, error: unknown): void;
}

/** The stream that is watched. */
export interface Watched {
  readonly name: string;
  readonly subscribe: SubscribeOptions;
  readonly log: Log;
  readonly progress: Progress;
  /** Subscribes, with a client of its own each time. */
  readonly open: () => Promise<Subscription>;
}

/** Starts a stream and its watchdog; the subscription stays the same one while its clients change. */
export async function watched(stream: Watched, options: WatchOptions): Promise<Subscription> {
  return new WatchedSubscription(stream, options, await stream.open());
}

const looksMsMax = 5_000;
/**
 * A handler may be slow rather than hung, and a new client makes it begin anew. So while one runs, the pause doubles
 * with every restart up to this many times `stallMs`: in the end slow work gets the time it takes.
 */
const patienceMax = 16;

class WatchedSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #stream: Watched;
  readonly #options: WatchOptions;
  readonly #search: StallSearch;
  readonly #timer: NodeJS.Timeout;
  readonly #paused = new Map<string, readonly [topic: string, partition: number]>();
  /** Null while the next one cannot be opened. */
  #inner: Subscription | null = null;
  #looking: Promise<void> | null = null;
  #restarts = 0;
  #restartAt = 0;
  #over = false;
  #closing: Promise<void> | null = null;
  #settle!: { resolve(): void; reject(error: unknown): void };

  constructor(stream: Watched, options: WatchOptions, inner: Subscription) {
    this.#stream = stream;
    this.#options = options;
    this.#search = new StallSearch(stream, options.stallMs);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => {}); // the owner may look at it only when it closes
    this.#attach(inner);
    this.#timer = setInterval(
      () => {
        this.#looking ??= this.#look()
          .catch((error: unknown) => this.#end({ error }))
          .finally(() => {
            this.#looking = null;
          });
      },
      Math.min(looksMsMax, options.stallMs / 4),
    );
  }

  assigned(): ReturnType<Subscription['assigned']> {
    return this.#inner?.assigned() ?? [];
  }

  pause(topic: string, partition: number): void {
    this.#paused.set(`${topic}/${partition}`, [topic, partition]);
    this.#inner?.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#paused.delete(`${topic}/${partition}`);
    this.#inner?.resume(topic, partition);
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#inner?.seek(topic, partition, offset);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#inner?.close();
    // A restart that is under way closes what it opens.
    await this.#looking;
    this.#end();
  }

  #attach(inner: Subscription): void {
    this.#inner = inner;
    for (const [topic, partition] of this.#paused.values()) inner.pause(topic, partition);
    inner.done.then(
      // Closed by the watchdog, it is not the current one any more.
      () => inner === this.#inner && !this.#closing && this.#end(),
      (error: unknown) => this.#end({ error }),
    );
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    if (failure) this.#settle.reject(failure.error);
    else this.#settle.resolve();
  }

  async #look(): Promise<void> {
    const { stalled, unseen } = await this.#find();
    if (this.#closing || this.#over) return;
    if (unseen !== undefined) this.#options.unseen(this.#stream.name, unseen);
    else this.#options.looked(this.#stream.name, stalled);
    if (this.#inner === null) return this.#open();
    const silent = stalled.filter(({ unwell }) => unwell === null);
    if (stalled.length === 0 && unseen === undefined) this.#restarts = 0;
    if (silent.length > 0 && (this.#restarts === 0 || performance.now() >= this.#restartAt))
      await this.#restart(silent);
  }

  async #find(): Promise<{ readonly stalled: readonly Stall[]; readonly unseen?: unknown }> {
    try {
      const owned = this.assigned().filter(
        ({ topic, partition }) => !this.#paused.has(`${topic}/${partition}`),
      );
      return { stalled: await this.#search.stalls(owned, this.#restarts > 0) };
    } catch (error) {
      return { stalled: [], unseen: error };
    }
  }

  async #restart(silent: readonly Stall[]): Promise<void> {
    this.#options.restarting(this.#stream.name, silent);
    const old = this.#inner!;
    this.#inner = null;
    // It closes within about a session; a client that does not is left behind, and what it does is fenced.
    await within(old.close(), 2 * this.#stream.subscribe.sessionTimeoutMs).catch(() => {});
    await this.#open();
    const patience = silent.some(({ running }) => running) ? 2 ** this.#restarts : 1;
    this.#restarts += 1;
    this.#restartAt = performance.now() + this.#options.stallMs * Math.min(patienceMax, patience);
  }

  /** A world that is unwell is asked again at the next look. */
  async #open(): Promise<void> {
    if (this.#closing || this.#over) return;
    try {
      const inner = await this.#stream.open();
      if (this.#over || this.#closing) await inner.close();
      else this.#attach(inner);
    } catch (error) {
      if (error instanceof Retryable) this.#options.unseen(this.#stream.name, error);
      else this.#end({ error });
    }
  }
}
