// Publishing: one request in flight, and whatever was asked for meanwhile travels together in the next one. That
// keeps the order of every partition across callers, and makes many small publishes cost as much as few large ones.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';
import type { Published } from '../log.ts';
import type { NewKafka } from './client.ts';
import { calling } from './failure.ts';
import type { Order, Request, TopicRecords } from './request.ts';
import { type Sender, senderOf, topicsOf } from './sender.ts';
import { notingPartitioner } from './stock-request.ts';

const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 };

export class Publisher {
  readonly #newKafka: NewKafka;
  #sender: Promise<Sender> | undefined;
  #waiting: Order[] = [];
  #busy = false;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(newKafka: NewKafka) {
    this.#newKafka = newKafka;
  }

  publish(batches: readonly TopicRecords[]): Promise<readonly Published[]> {
    if (this.#closed)
      return Promise.reject(new Retryable('The Kafka log is closed.', { code: 'kafka-closed' }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batches, published: [], failed: false, resolve, reject });
      if (!this.#busy) this.#working = this.#work();
    });
  }

  /** Sends what was asked for, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    const sender = await this.#sender?.catch(() => undefined);
    await sender?.producer.disconnect();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    await nextTurn(); // whoever is through in the same turn, as partitions of one fetch are, travels in the same request
    while (this.#waiting.length > 0) {
      const orders = this.#waiting;
      this.#waiting = [];
      await this.#fulfil(orders);
    }
    this.#busy = false; // in the same turn as the last look at what waits
  }

  async #fulfil(orders: readonly Order[]): Promise<void> {
    const topics = topicsOf(orders);
    try {
      const sender = await this.#with(topics, async (ready) => {
        await ready.learn(topics);
        return ready;
      });
      for (const request of sender.cut(orders)) await this.#send(request);
    } catch (error) {
      if (orders.length === 1 || error instanceof Retryable) fail(orders, error);
      else for (const order of orders) await this.#fulfil([order]);
    }
    for (const order of orders) if (!order.failed) order.resolve(order.published);
  }

  // One caller’s bad record must not fail the others’ publishes: after a refusal everyone goes alone.
  async #send(request: Request): Promise<void> {
    try {
      const responses = await this.#with(request.topics, ({ producer }) =>
        producer.sendBatch({
          topicMessages: request.messages(),
          acks: -1,
          compression: this.#newKafka.compression,
        }),
      );
      request.settle(responses);
    } catch (error) {
      request.settle([]);
      const orders = request.orders();
      if (orders.length <= 1 || error instanceof Retryable) fail(orders, error);
      else for (const order of orders) await this.#send(request.only(order));
    }
  }

  async #with<Result>(topics: readonly string[], use: (sender: Sender) => Promise<Result>): Promise<Result> {
    try {
      return await calling(`publish to ${topics.join(', ')}`, async () => {
        this.#sender ??= this.#connect();
        return use(await this.#sender);
      });
    } catch (error) {
      this.#forgetProducer();
      throw error;
    }
  }

  async #connect(): Promise<Sender> {
    const producer = this.#newKafka(retry).producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      createPartitioner: notingPartitioner,
      retry,
    });
    await producer.connect();
    return senderOf(this.#newKafka, producer, retry);
  }

  // kafkajs counts a failed request as not written. If it was written after all, the next one under the same
  // producer id would carry the same sequence numbers and the broker would drop it as a repeat: start a new id.
  #forgetProducer(): void {
    const old = this.#sender;
    this.#sender = undefined;
    old?.then(({ producer }) => producer.disconnect()).catch(() => undefined);
  }
}

function fail(orders: readonly Order[], error: unknown): void {
  for (const order of orders) {
    order.failed = true;
    order.reject(error);
  }
}
