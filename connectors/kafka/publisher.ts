// Publishing: one request in flight, and whatever was asked for meanwhile travels together in the next one. That
// keeps the order of every partition across callers, and makes many small publishes cost as much as few large ones.
import kafkajs, { type PartitionerArgs, type Producer, type RecordMetadata } from 'kafkajs';
import { Retryable } from '../../schemas/errors.ts';
import type { Published } from '../log.ts';
import { type Compression, compressionType, type NewKafka } from './client.ts';
import { calling } from './failure.ts';
import { cutRequests, type Order, type Share, type TopicRecords } from './request.ts';

const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 };

export class Publisher {
  readonly #newKafka: NewKafka;
  readonly #compression: Compression | undefined;
  #producer: Promise<Producer> | undefined;
  #waiting: Order[] = [];
  #busy = false;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(newKafka: NewKafka, compression: Compression | undefined) {
    this.#newKafka = newKafka;
    this.#compression = compression;
  }

  publish(batches: readonly TopicRecords[]): Promise<readonly Published[]> {
    if (this.#closed)
      return Promise.reject(new Retryable('The Kafka log is closed.', { code: 'kafka-closed' }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batches, published: [], resolve, reject });
      if (!this.#busy) this.#working = this.#work();
    });
  }

  /** Sends what was asked for, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.disconnect();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const orders = this.#waiting;
      this.#waiting = [];
      await this.#fulfil(orders);
    }
    this.#busy = false; // in the same turn as the last look at what waits
  }

  async #fulfil(orders: readonly Order[]): Promise<void> {
    const failed = new Set<Order>();
    for (const shares of cutRequests(orders)) {
      const standing = shares.filter(({ order }) => !failed.has(order));
      await this.#sendTogether(standing, failed);
    }
    for (const order of orders) if (!failed.has(order)) order.resolve(order.published);
  }

  // One caller's bad record must not fail the others' publishes: after a refusal everyone goes alone.
  async #sendTogether(shares: readonly Share[], failed: Set<Order>): Promise<void> {
    if (shares.length === 0) return;
    try {
      await this.#send(shares);
    } catch (error) {
      const orders = new Set(shares.map(({ order }) => order));
      if (orders.size === 1 || error instanceof Retryable) {
        for (const order of orders) {
          failed.add(order);
          order.reject(error);
        }
        return;
      }
      for (const order of orders)
        await this.#sendTogether(
          shares.filter((share) => share.order === order),
          failed,
        );
    }
  }

  async #send(shares: readonly Share[]): Promise<void> {
    const topics = [...new Set(shares.map(({ topic }) => topic))];
    const topicMessages = topics.map((topic) => ({
      topic,
      messages: shares.filter((share) => share.topic === topic).flatMap(({ messages }) => messages),
    }));
    const doing = `publish to ${topics.join(', ')}`;
    const responses = await calling(doing, async () => {
      this.#producer ??= this.#connect();
      const producer = await this.#producer;
      return producer.sendBatch({ topicMessages, acks: -1, compression: compressionType(this.#compression) });
    }).catch((error: unknown) => {
      this.#forgetProducer();
      throw error;
    });
    settle(shares, responses);
  }

  async #connect(): Promise<Producer> {
    const producer = this.#newKafka(retry).producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      createPartitioner: notingPartitioner,
      retry,
    });
    await producer.connect();
    return producer;
  }

  // kafkajs counts a failed request as not written. If it was written after all, the next one under the same
  // producer id would carry the same sequence numbers and the broker would drop it as a repeat: start a new id.
  #forgetProducer(): void {
    const old = this.#producer;
    this.#producer = undefined;
    old?.then((producer) => producer.disconnect()).catch(() => undefined);
  }
}

/** kafkajs's default partitioner (murmur2, as Kafka's Java client), which notes its choice in the message. */
export function notingPartitioner(): (args: PartitionerArgs) => number {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  return (args) => {
    args.message.partition ??= choose(args);
    return args.message.partition;
  };
}

/** Gives every order its part of the offsets: within a partition, messages got consecutive ones in their order. */
function settle(shares: readonly Share[], responses: readonly RecordMetadata[]): void {
  const nextOffset = new Map<string, number>();
  for (const { topicName, partition, baseOffset } of responses)
    nextOffset.set(`${topicName}/${partition}`, Number(baseOffset));
  for (const { order, topic, messages } of shares) {
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

function extend(published: Published[], share: Published): void {
  const index = published.findLastIndex(
    ({ topic, partition }) => topic === share.topic && partition === share.partition,
  );
  const last = published[index];
  if (last && last.baseOffset + last.count === share.baseOffset)
    published[index] = { ...last, count: last.count + share.count };
  else published.push(share);
}
