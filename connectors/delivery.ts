// Where a stream’s outcomes go. A delivery decides when an input offset is committed, because that order is the
// guarantee: TopicDelivery (connectors/topic-delivery.ts) for topics, ClickhouseDelivery for tables.
import type { Outcome } from '../schemas/outcome.ts';
import type { Message } from '../schemas/topic.ts';
import type { Batch, LogRecord, StoredRecord } from './log.ts';

/** A message on its way to a topic. */
export interface Addressed {
  readonly topic: string;
  readonly message: Message;
}

/**
 * A record that is made already, the only one that its input becomes. It carries the mark of that input
 * (origin-mark.ts), which is its identity.
 */
export interface Marked {
  readonly topic: string;
  readonly record: LogRecord;
}

/** What a delivery to topics is given. */
export type Output = Addressed | Marked;

/** Consecutive records of one partition with what became of each: outcome i belongs to record i. */
export interface Chunk<Out> {
  readonly batch: Batch;
  readonly records: readonly StoredRecord[];
  readonly outcomes: readonly Outcome<Out>[];
  /** Offset to commit once the chunk is done: one past its last record. */
  readonly end: number;
}

/** What a delivery needs of a partition that was just assigned. */
export interface Resumption {
  /** The first chunk must end exactly at this offset, because a journal promised that range. */
  readonly chunkEnd?: number;
}

export interface Delivery<Out> {
  /** Called once per assignment of a partition, before its first chunk. */
  resume(batch: Batch): Promise<Resumption>;
  /** Makes the chunk’s outcomes durable, then commits `chunk.end`. Throws `Retryable` to be called again with the same chunk. */
  deliver(chunk: Chunk<Out>): Promise<void>;
}
