// The log port over Kafka, through librdkafka.
import type { KafkaOptions } from '../kafka/client.ts';
import { unreachable } from '../kafka/failure.ts';
import type { Log, Subscription } from '../log.ts';
import { loadNative } from './native.ts';
import { Partitions } from './partitions.ts';
import { Positions } from './positions.ts';
import { Publisher } from './publisher.ts';
import { readTopic } from './reader.ts';
import { LibrdkafkaSubscription, type Surroundings } from './subscription.ts';
import { Topics } from './topics.ts';

/**
 * Connects to a Kafka cluster. Throws `Misconfigured` (code `kafka-client-missing`) where librdkafka is not built,
 * `Retryable` (code `kafka-unreachable`) naming the brokers when none answers, `Misconfigured` when they refuse this
 * client.
 */
export async function openLibrdkafkaLog(options: KafkaOptions): Promise<Log> {
  const native = await loadNative();
  const topics = new Topics(native, options);
  await topics.names().catch((error: unknown) => {
    topics.close();
    throw unreachable(options.brokers, error);
  });
  const positions = new Positions(native, options);
  const partitions = new Partitions((names) => topics.partitionCounts(names));
  const publisher = new Publisher(native, options, partitions);
  const subscriptions = new Set<Subscription>();
  let generation = 0;
  const nextGeneration = () => ++generation;
  const surroundings: Surroundings = { native, options, topics, positions, nextGeneration };
  return {
    async createTopics(specs) {
      for (const { name, recordBytesMax } of specs)
        if (recordBytesMax !== undefined) partitions.note(name, recordBytesMax);
      await topics.create(specs);
    },
    ranges: (names) => topics.ranges(names),
    publish: (batches) => publisher.publish(batches),
    async positions(group, names) {
      return positions.read(group, await topics.placesOf(names));
    },
    groups: () => topics.groups(),
    read: (topic, read) => readTopic(native, options, topic, read),
    async subscribe(subscribeOptions, handler) {
      await topics.partitionCounts(subscribeOptions.topics);
      const subscription = new LibrdkafkaSubscription(surroundings, subscribeOptions, handler);
      await subscription.start();
      subscriptions.add(subscription);
      return subscription;
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await publisher.close();
      await positions.close();
      topics.close();
    },
  };
}
