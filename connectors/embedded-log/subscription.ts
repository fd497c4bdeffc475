// One member of a group: hands what its partitions have to the handler, partition by partition. Nothing polls:
// appends, resolved handlers and timers wake it.
import { Fenced } from '../../schemas/errors.ts';
import type { Batch, BatchHandler, StoredRecord, SubscribeOptions, Subscription } from '../log.ts';
import { nameOf } from './assignment.ts';
import type { CommittedOffsets } from './committed-offsets.ts';
import { type Feed, Fetch } from './feed.ts';
import type { Group, GroupMember, Ownership } from './group.ts';
import type { Partition } from './partition.ts';
import { PartitionReader } from './partition-reader.ts';
import { Session } from './session.ts';

/** What a member needs of the log it belongs to. */
export interface Surroundings {
  readonly group: Group;
  readonly offsets: CommittedOffsets;
  readonly partition: (topic: string, partition: number) => Partition;
  /** Told once, when the subscription has ended. */
  readonly onEnd: (subscription: Subscription) => void;
}

interface Failure {
  readonly error: unknown;
}

export class GroupSubscription implements Subscription, GroupMember {
  readonly topics: ReadonlySet<string>;
  readonly done: Promise<void>;
  readonly #options: SubscribeOptions;
  readonly #handler: BatchHandler;
  readonly #log: Surroundings;
  /** By the partition’s name; whose turn is furthest away comes last. */
  readonly #feeds = new Map<string, Feed>();
  readonly #running = new Set<Promise<void>>();
  readonly #fetch: Fetch;
  readonly #session: Session;
  #wakes = false;
  #evicted = false;
  #ending: Promise<void> | null = null;
  #finish: (failure?: Failure) => void = () => {};

  constructor(options: SubscribeOptions, handler: BatchHandler, log: Surroundings) {
    this.topics = new Set(options.topics);
    this.#options = options;
    this.#handler = handler;
    this.#log = log;
    this.#fetch = new Fetch(options, () => this.#wake());
    const isBusy = (): boolean => this.#running.size > 0 && !this.#evicted;
    this.#session = new Session(options.sessionTimeoutMs, isBusy, () => this.#evict());
    this.done = new Promise((resolve, reject) => {
      this.#finish = (failure) => (failure ? reject(failure.error) : resolve());
    });
    log.group.join(this);
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return [...this.#feeds.values()].map(({ ownership: { topic, partition } }) => ({ topic, partition }));
  }

  pause(topic: string, partition: number): void {
    const feed = this.#feeds.get(nameOf(topic, partition));
    if (feed) feed.paused = true;
  }

  resume(topic: string, partition: number): void {
    const feed = this.#feeds.get(nameOf(topic, partition));
    if (feed) feed.paused = false;
    this.#wake();
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#feeds.get(nameOf(topic, partition))?.reader.seek(offset);
    this.#wake();
  }

  close(): Promise<void> {
    return this.#end();
  }

  #end(failure?: Failure): Promise<void> {
    this.#ending ??= this.#leave(failure);
    return this.#ending;
  }

  async #leave(failure: Failure | undefined): Promise<void> {
    this.#fetch.close();
    await this.#log.group.leave(this);
    // An evicted member has no partitions to drain, but may still have a handler that runs.
    await this.#session.within(Promise.all(this.#running));
    this.#session.close();
    this.#log.onEnd(this);
    this.#finish(failure);
  }

  take(ownership: Ownership): void {
    const { group, topic, partition: number } = ownership;
    const partition = this.#log.partition(topic, number);
    const committed = this.#log.offsets.position(group, topic, number);
    this.#feeds.set(nameOf(topic, number), {
      ownership,
      reader: new PartitionReader(partition, committed?.offset ?? partition.start),
      unwatch: partition.watch(() => this.#wake()),
      paused: false,
      released: false,
      running: null,
    });
    this.#wake();
  }

  async drain(ownership: Ownership): Promise<void> {
    ownership.revoked.abort();
    const running = this.#feeds.get(nameOf(ownership.topic, ownership.partition))?.running;
    if (running) await this.#session.within(running);
  }

  drop(ownership: Ownership): void {
    const name = nameOf(ownership.topic, ownership.partition);
    this.#feeds.get(name)?.unwatch();
    this.#feeds.delete(name);
  }

  /** Handlers run from the event loop’s check phase, so that appends before it count as one and I/O gets its turn. */
  #wake(): void {
    if (this.#wakes) return;
    this.#wakes = true;
    setImmediate(() => {
      this.#wakes = false;
      if (!this.#ending) this.#pump();
    });
  }

  /** Starts the next batch, if there is room and one is due; a further one waits for the next turn. */
  #pump(): void {
    if (this.#running.size >= this.#options.concurrency) return;
    const feed = this.#fetch.next([...this.#feeds.values()]);
    if (!feed) return;
    this.#start(feed);
    this.#wake();
  }

  #start(feed: Feed): void {
    const name = nameOf(feed.ownership.topic, feed.ownership.partition);
    feed.released = false;
    this.#feeds.delete(name);
    this.#feeds.set(name, feed);
    let records: StoredRecord[];
    try {
      records = feed.reader.next(this.#options.partitionBytesMax);
    } catch (error) {
      void this.#end({ error });
      return;
    }
    if (records.length === 0) return;
    const running = this.#run(feed, records).finally(() => this.#ended(feed, running));
    feed.running = running;
    this.#running.add(running);
    this.#session.sign();
  }

  async #run(feed: Feed, records: readonly StoredRecord[]): Promise<void> {
    try {
      await this.#handler(this.#batch(feed, records));
    } catch (error) {
      // A fenced handler has nothing to tell: the partition has, or is about to have, its next owner.
      if (!(error instanceof Fenced && feed.ownership.revoked.signal.aborted)) void this.#end({ error });
    }
  }

  #ended(feed: Feed, running: Promise<void>): void {
    feed.running = null;
    this.#running.delete(running);
    this.#session.sign();
    if (this.#evicted && this.#running.size === 0) this.#rejoin();
    this.#wake();
  }

  #batch({ ownership, reader }: Feed, records: readonly StoredRecord[]): Batch {
    const { group, topic, partition, generation, revoked } = ownership;
    const sign = (): void => {
      ownership.check();
      this.#session.sign();
    };
    return {
      topic,
      partition,
      records,
      generation,
      end: reader.partition.end,
      revoked: revoked.signal,
      committed: async () => this.#log.offsets.position(group, topic, partition),
      commit: async (offset, metadata) => {
        sign();
        await this.#log.offsets.commit(group, { topic, partition, offset, metadata });
      },
      heartbeat: async () => sign(),
    };
  }

  #evict(): void {
    this.#evicted = true;
    this.#log.group.evict(this);
  }

  #rejoin(): void {
    this.#evicted = false;
    if (!this.#ending) this.#log.group.join(this);
  }
}
