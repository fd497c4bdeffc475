// What callers want published, cut into requests that brokers accept. One form for either codec.
import type { RecordMetadata, TopicMessages } from 'kafkajs';
import type { LogRecord, Published } from '../log.ts';

export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
}

/** One caller’s publish on its way. */
export interface Order {
  readonly batches: readonly TopicRecords[];
  readonly published: Published[];
  /** Nothing more of it is sent. */
  failed: boolean;
  resolve(published: readonly Published[]): void;
  reject(error: unknown): void;
}

/** Records of some orders that travel together. */
export interface Request {
  readonly topics: readonly string[];
  /** The orders that still have something in it that the broker has not. */
  orders(): readonly Order[];
  /** What kafkajs sends. */
  messages(): TopicMessages[];
  /** What is still to be sent of one order, by itself. */
  only(order: Order): Request;
  /** Gives every order its part of the offsets that the broker gave. */
  settle(responses: readonly RecordMetadata[]): void;
}

/** Cuts orders into requests, keeping the order of every partition’s records; what has failed meanwhile is left out. */
export type Cut = (orders: readonly Order[]) => Iterable<Request>;

/** Adds a run of one partition’s offsets to what an order has published. */
export function extend(published: Published[], share: Published): void {
  const index = published.findLastIndex(
    ({ topic, partition }) => topic === share.topic && partition === share.partition,
  );
  const last = published[index];
  if (last && last.baseOffset + last.count === share.baseOffset)
    published[index] = { ...last, count: last.count + share.count };
  else published.push(share);
}
