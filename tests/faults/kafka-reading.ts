// Reads whole topics of a Kafka cluster with plain kafkajs: what the log holds, for the checker.
import kafkajs, { type Kafka } from 'kafkajs';
import type { RawRecord } from './segments.ts';

export const plainKafka = (broker: string): Kafka =>
  new kafkajs.Kafka({
    clientId: 'faults',
    brokers: [broker],
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 5_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10 },
  });

/** Every record of the topics from start to end, as they are now. */
export async function readTopics(
  broker: string,
  topics: readonly string[],
): Promise<Map<string, RawRecord[]>> {
  const kafka = plainKafka(broker);
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) ends.set(`${topic}/${partition}`, Number(high));
  await admin.disconnect();
  const records = new Map<string, RawRecord[]>(topics.map((topic) => [topic, []]));
  if (ends.size > 0) await consumeUntil(kafka, topics, ends, records);
  return records;
}

/** A consumer that is given nothing for so long, in milliseconds, has read everything. */
const quietMs = 15_000;

async function consumeUntil(
  kafka: Kafka,
  topics: readonly string[],
  ends: Map<string, number>,
  into: Map<string, RawRecord[]>,
): Promise<void> {
  const consumer = kafka.consumer({ groupId: `faults-checker-${Date.now()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  let lastSeen = Date.now();
  let quiet: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    // Offsets at the very end may be marks of transactions, which no consumer is given. Should it only be slow, then
    // what is missing here shows as rows without records: nothing passes by being overlooked.
    quiet = setInterval(() => {
      if (Date.now() - lastSeen > quietMs) resolve();
    }, 1_000);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch: { topic, partition, messages } }) => {
          lastSeen = Date.now();
          for (const { offset, key, value, headers } of messages)
            into.get(topic)?.push({
              partition,
              offset: Number(offset),
              key: key?.toString('utf8') ?? '',
              value: value ?? Buffer.alloc(0),
              headers: Object.fromEntries(
                Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]),
              ),
            });
          const last = Number(messages.at(-1)?.offset ?? -1);
          const place = `${topic}/${partition}`;
          if (last + 1 >= (ends.get(place) ?? Number.POSITIVE_INFINITY)) ends.delete(place);
          if (ends.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  clearInterval(quiet);
  await consumer.disconnect();
}
