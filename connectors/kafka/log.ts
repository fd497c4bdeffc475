// The log port over Kafka, through kafkajs.
import type { Log, Subscription } from '../log.ts';
import { type KafkaOptions, kafkaClients, type NewKafka } from './client.ts';
import { failureOf, unreachable } from './failure.ts';
import { Publisher } from './publisher.ts';
import { readTopic } from './reader.ts';
import { KafkaSubscription, type Surroundings } from './subscription.ts';
import { createTopics, groups, partitionCounts, positions, ranges } from './topics.ts';
import { openTransactional } from './transactions.ts';

// A broker that is away is reported within about three seconds; whoever asks again decides how long to wait.
const adminRetry = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 };

/**
 * Connects to a Kafka cluster. Throws `Retryable` (code `kafka-unreachable`) naming the brokers when none answers,
 * `Misconfigured` when they refuse this client.
 */
export async function openKafkaLog(options: KafkaOptions): Promise<Log> {
  const newKafka = await kafkaClients(options);
  const admin = newKafka(adminRetry).admin();
  try {
    await admin.connect();
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw unreachable(options.brokers, failureOf(error, `connect to ${options.brokers.join(', ')}`));
  }
  const publisher = new Publisher(newKafka);
  const subscriptions = new Set<Subscription>();
  const surroundings = surroundingsOf(newKafka, (group, topic) => positions(admin, group, [topic]));
  return {
    createTopics: (specs) => createTopics(admin, specs),
    ranges: (topics) => ranges(admin, topics),
    publish: (batches) => publisher.publish(batches),
    positions: (group, topics) => positions(admin, group, topics),
    groups: () => groups(admin),
    transactional: (id) => openTransactional(newKafka, id),
    read: (topic, readOptions) => readTopic(newKafka, topic, readOptions),
    async subscribe(subscribeOptions, handler) {
      await partitionCounts(admin, subscribeOptions.topics);
      const subscription = new KafkaSubscription(surroundings, subscribeOptions, handler);
      await subscription.start();
      subscriptions.add(subscription);
      return subscription;
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await publisher.close();
      await admin.disconnect();
    },
  };
}

function surroundingsOf(
  newKafka: NewKafka,
  read: (group: string, topic: string) => ReturnType<typeof positions>,
): Surroundings {
  let generation = 0;
  return {
    newKafka,
    nextGeneration: () => ++generation,
    async committed(group, topic, partition) {
      const found = await read(group, topic);
      return found.find((position) => position.partition === partition) ?? null;
    },
  };
}
