// The log port: a partitioned log with keys, offsets and consumer groups. Two implementations pass one contract
// suite (tests/contract/log.ts): Kafka (connectors/kafka/) and the embedded log (connectors/embedded-log/).

/** A record to be published. Equal keys go to equal partitions (murmur2, as Kafka’s own clients); null keys are spread. */
export interface LogRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number;
}

/** A record as the log holds it. Offsets stay below 2^53. */
export interface StoredRecord extends LogRecord {
  readonly offset: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly compacted?: boolean;
  readonly retentionMs?: number;
  readonly recordBytesMax?: number;
}

/** Offsets a partition holds: `start` is the first one readable, `end` the one the next record will get. */
export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/** A group’s committed place in a partition, with the metadata committed beside it (at most 4,096 bytes). */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Where a publish landed: the first offset of a partition’s share. */
export interface Published {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly count: number;
}

/**
 * Consecutive records of one partition, handed to a group’s handler. The next batch of the same partition comes
 * only when the handler has resolved; other partitions go on beside it.
 */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly StoredRecord[];
  /** Changes whenever the partition is given to this consumer anew: what was buffered before is then void. */
  readonly generation: number;
  /** End of the partition when the batch was fetched. */
  readonly end: number;
  /**
   * Where to go on after the batch, when what no reader gets follows its last record: markers and records of aborted
   * transactions. A commit of one past the last record commits this, so that a group that has read all has no lag.
   */
  readonly next?: number;
  /** Aborted when the partition is being taken away or the consumer closes: finish or give up, quickly. */
  readonly revoked: AbortSignal;
  /** The group’s committed position, read from the log, not from memory. Null before the first commit. */
  committed(): Promise<Position | null>;
  /** Commits the next offset to read. Throws `Fenced` when the partition has moved to another member. */
  commit(offset: number, metadata: string): Promise<void>;
  /** Tells the group that this member is alive during long work. Throws `Fenced` when it is no longer a member. */
  heartbeat(): Promise<void>;
}

export type BatchHandler = (batch: Batch) => Promise<void>;

export interface SubscribeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Partitions whose handlers may run at once. */
  readonly concurrency: number;
  /** How long a fetch waits for more than nothing, in milliseconds. */
  readonly fetchWaitMs: number;
  /** A fetch returns early once it has this many bytes. */
  readonly fetchBytesMin: number;
  /** Largest share of one partition in a fetch, in bytes. */
  readonly partitionBytesMax: number;
  /** A silent member is taken out of the group after this long, in milliseconds. */
  readonly sessionTimeoutMs: number;
  /** A handler that runs for longer holds up no fetch of other partitions, in milliseconds; the log knows best without it. */
  readonly besideAfterMs?: number;
}

export interface Subscription {
  /** Partitions this member owns now. */
  assigned(): readonly { readonly topic: string; readonly partition: number }[];
  /** Stops fetching a partition until resumed; survives rebalances while this member keeps the partition. */
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** The next batch of the partition starts at `offset`. */
  seek(topic: string, partition: number, offset: number): void;
  /** Settles when the subscription ends: resolved after `close`, rejected with what a handler or the client threw. */
  readonly done: Promise<void>;
  /**
   * Stops fetching, aborts `revoked` of running batches, waits for their handlers, leaves the group. A handler that
   * takes longer than a session is abandoned, here as in a rebalance: what it commits after that is `Fenced`.
   */
  close(): Promise<void>;
}

export interface ReadOptions {
  /** First offset per partition; partitions not named are not read. */
  readonly from: ReadonlyMap<number, number>;
  /** Offset to stop before, per partition; without it the read follows the log until `signal` aborts. */
  readonly to?: ReadonlyMap<number, number>;
  readonly signal?: AbortSignal;
}

/**
 * Publishes under a transactional id. Whoever opened the id last holds it; an earlier holder is `Fenced`, which is
 * what makes one id for each input partition safe against zombies.
 */
export interface TransactionalPublisher {
  /**
   * Publishes the records and commits the group’s position as one: both become visible, or neither. Throws `Fenced`
   * when the id has a new holder and `Retryable` when it failed; after either, open the id again: that settles what
   * was under way, and the group’s committed position tells whether it was applied.
   */
  publish(
    batches: readonly { readonly topic: string; readonly records: readonly LogRecord[] }[],
    position: Position & { readonly group: string },
  ): Promise<void>;
  close(): Promise<void>;
}

export interface Log {
  /** Creates the topics that are missing; existing ones are left as they are. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** Ranges of every partition of the named topics (all topics without names), internal topics left out. */
  ranges(topics?: readonly string[]): Promise<readonly PartitionRange[]>;
  /** Resolves when every record is durable (`acks=all`). Records of one partition keep their order. */
  publish(
    batches: readonly { readonly topic: string; readonly records: readonly LogRecord[] }[],
  ): Promise<readonly Published[]>;
  subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription>;
  /** Committed positions of a group; partitions without one are left out. */
  positions(group: string, topics: readonly string[]): Promise<readonly Position[]>;
  groups(): Promise<readonly string[]>;
  /** Reads partitions without a group and without committing. */
  read(
    topic: string,
    options: ReadOptions,
  ): AsyncIterable<{ readonly partition: number; readonly records: readonly StoredRecord[] }>;
  /** Opens a transactional id, fencing its earlier holder. Absent where the log has no transactions. */
  transactional?(id: string): Promise<TransactionalPublisher>;
  close(): Promise<void>;
}
