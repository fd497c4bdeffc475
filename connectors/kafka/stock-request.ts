// Requests of kafkajs’s messages, which kafkajs spreads over partitions and encodes itself.
import kafkajs, {
  type Message,
  type PartitionerArgs,
  type RecordMetadata,
  type TopicMessages,
} from 'kafkajs';
import type { LogRecord } from '../log.ts';
import { outgoingMessage } from './record.ts';
import { extend, type Order, type Request } from './request.ts';

/** Records of one order and topic. The partitioner notes each message’s partition in it. */
interface Share {
  readonly order: Order;
  readonly topic: string;
  readonly messages: Message[];
}

// kafkajs makes one record batch of a partition’s whole share, and brokers refuse batches above 1 MiB by default
// (`message.max.bytes`); it also groups messages in quadratic time. Both limits are per topic of a request.
const topicBytesMax = 900_000;
const topicRecordsMax = 2_000;
const requestBytesMax = 8_000_000;
const recordOverheadBytes = 32;

/** Cuts orders into requests within the limits, keeping the order of each topic’s records. */
export function* cutStock(orders: readonly Order[]): Generator<Request> {
  let request = new StockRequest();
  for (const order of orders)
    for (const { topic, records } of order.batches)
      for (const record of records) {
        const bytes = sizeOf(record);
        if (!order.failed && !request.hasRoom(topic, bytes)) {
          yield request;
          request = new StockRequest();
        }
        if (order.failed) break;
        request.add(order, topic, record, bytes);
      }
  if (request.topics.length > 0) yield request;
}

class StockRequest implements Request {
  readonly #shares: Share[];
  readonly #used = new Map<string, { bytes: number; records: number }>();
  #bytes = 0;

  constructor(shares: Share[] = []) {
    this.#shares = shares;
  }

  get topics(): readonly string[] {
    return [...new Set(this.#shares.map(({ topic }) => topic))];
  }

  orders(): readonly Order[] {
    return [...new Set(this.#shares.map(({ order }) => order))];
  }

  messages(): TopicMessages[] {
    return this.topics.map((topic) => ({
      topic,
      messages: this.#shares.filter((share) => share.topic === topic).flatMap(({ messages }) => messages),
    }));
  }

  only(order: Order): Request {
    return new StockRequest(this.#shares.filter((share) => share.order === order));
  }

  settle(responses: readonly RecordMetadata[]): void {
    const nextOffset = new Map<string, number>();
    for (const { topicName, partition, baseOffset } of responses)
      nextOffset.set(`${topicName}/${partition}`, Number(baseOffset));
    for (const { order, topic, messages } of this.#shares) {
      const counts = new Map<number, number>();
      for (const { partition = 0 } of messages) counts.set(partition, (counts.get(partition) ?? 0) + 1);
      for (const [partition, count] of counts) {
        const place = `${topic}/${partition}`;
        const baseOffset = nextOffset.get(place)!;
        nextOffset.set(place, baseOffset + count);
        extend(order.published, { topic, partition, baseOffset, count });
      }
    }
  }

  /** An empty request takes any record: one that is too large is the broker’s to refuse. */
  hasRoom(topic: string, bytes: number): boolean {
    const used = this.#used.get(topic);
    if (this.#bytes > 0 && this.#bytes + bytes > requestBytesMax) return false;
    return !used || (used.records < topicRecordsMax && used.bytes + bytes <= topicBytesMax);
  }

  add(order: Order, topic: string, record: LogRecord, bytes: number): void {
    let share = this.#shares.at(-1);
    if (share?.order !== order || share.topic !== topic) {
      share = { order, topic, messages: [] };
      this.#shares.push(share);
    }
    share.messages.push(outgoingMessage(record));
    const used = this.#used.get(topic) ?? { bytes: 0, records: 0 };
    used.bytes += bytes;
    used.records += 1;
    this.#used.set(topic, used);
    this.#bytes += bytes;
  }
}

/** kafkajs’s default partitioner (murmur2, as Kafka’s Java client), which notes its choice in the message. */
export function notingPartitioner(): (args: PartitionerArgs) => number {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  return (args) => {
    args.message.partition ??= choose(args);
    return args.message.partition;
  };
}

function sizeOf({ key, value, headers }: LogRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += 3 * name.length + headers[name]!.length + 10;
  return bytes;
}
