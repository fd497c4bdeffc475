// Cutting what callers want published into requests that brokers accept and that kafkajs encodes quickly.
import type { Message } from 'kafkajs';
import type { LogRecord, Published } from '../log.ts';
import { outgoingMessage } from './record.ts';

export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
}

/** One caller's publish on its way. */
export interface Order {
  readonly batches: readonly TopicRecords[];
  readonly published: Published[];
  resolve(published: readonly Published[]): void;
  reject(error: unknown): void;
}

/** Records of one order and topic in one request. The partitioner notes each message's partition in it. */
export interface Share {
  readonly order: Order;
  readonly topic: string;
  readonly messages: Message[];
}

// kafkajs makes one record batch of a partition's whole share, and brokers refuse batches above 1 MiB by default
// (`message.max.bytes`); it also groups messages in quadratic time. Both limits are per topic of a request.
const topicBytesMax = 900_000;
const topicRecordsMax = 2_000;
const requestBytesMax = 8_000_000;
const recordOverheadBytes = 32;

/** Cuts orders into requests within the limits, keeping the order of each topic's records. */
export function* cutRequests(orders: readonly Order[]): Generator<readonly Share[]> {
  let request = new Request();
  for (const order of orders)
    for (const { topic, records } of order.batches)
      for (const record of records) {
        const bytes = sizeOf(record);
        if (!request.hasRoom(topic, bytes)) {
          yield request.shares;
          request = new Request();
        }
        request.add(order, topic, record, bytes);
      }
  if (request.shares.length > 0) yield request.shares;
}

class Request {
  readonly shares: Share[] = [];
  readonly #used = new Map<string, { bytes: number; records: number }>();
  #bytes = 0;

  /** An empty request takes any record: one that is too large is the broker's to refuse. */
  hasRoom(topic: string, bytes: number): boolean {
    const used = this.#used.get(topic);
    if (this.#bytes > 0 && this.#bytes + bytes > requestBytesMax) return false;
    return !used || (used.records < topicRecordsMax && used.bytes + bytes <= topicBytesMax);
  }

  add(order: Order, topic: string, record: LogRecord, bytes: number): void {
    let share = this.shares.at(-1);
    if (share?.order !== order || share.topic !== topic) {
      share = { order, topic, messages: [] };
      this.shares.push(share);
    }
    share.messages.push(outgoingMessage(record));
    const used = this.#used.get(topic) ?? { bytes: 0, records: 0 };
    used.bytes += bytes;
    used.records += 1;
    this.#used.set(topic, used);
    this.#bytes += bytes;
  }
}

function sizeOf({ key, value, headers }: LogRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += 3 * name.length + headers[name]!.length + 10;
  return bytes;
}
