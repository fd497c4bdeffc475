// A producer with the codec that its requests are made by.
import type { Producer, RetryOptions } from 'kafkajs';
import type { NewKafka } from './client.ts';
import { clusterOf } from './codec.ts';
import { cutOwn } from './own-request.ts';
import type { Cut, Order } from './request.ts';
import { ClusterSpreading } from './spreading.ts';
import { cutStock } from './stock-request.ts';

export interface Sender {
  readonly producer: Producer;
  /** To be called before `cut`, with every topic of the orders. Throws kafkajs’s errors. */
  learn(topics: readonly string[]): Promise<void>;
  readonly cut: Cut;
}

/** `retry` is how often a topic is asked for that the cluster does not know. */
export function senderOf({ codec, compression }: NewKafka, producer: Producer, retry: RetryOptions): Sender {
  if (codec === 'stock') return { producer, learn: async () => {}, cut: cutStock };
  const spreading = new ClusterSpreading(clusterOf(producer), retry);
  return {
    producer,
    learn: (topics) => spreading.learn(topics),
    cut: (orders) => cutOwn(orders, spreading, compression),
  };
}

/** Topics of the orders, each once. */
export const topicsOf = (orders: readonly Order[]): string[] => [
  ...new Set(orders.flatMap(({ batches }) => batches.map(({ topic }) => topic))),
];
