// What the cluster knows: topics, ranges, groups and their positions.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { PartitionRange, Position, TopicSpec } from '../log.ts';
import { calling, errorType, failureOf } from './failure.ts';
import { topicSettings } from './topic-settings.ts';

/** A new topic has its leaders by then, in milliseconds. */
const knownMsMax = 30_000;
/** kafkajs lets them look at the metadata one after another, and gives up on those that have waited for 30 s. */
const topicsAtOnce = 16;

const isInternal = (topic: string): boolean => topic.startsWith('__');

/** Creates the topics that are missing and waits until they have leaders. */
export async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await calling('list topics', () => admin.listTopics()));
  const missing = specs.filter(({ name }) => !existing.has(name));
  // One by one: a request for several fails as a whole when another process has just made one of them.
  for (const spec of missing) {
    await calling(`create topic ${spec.name}`, async () => {
      await admin.createTopics({ topics: [topicConfig(spec)], waitForLeaders: false });
    });
  }
  await untilKnown(
    admin,
    missing.map(({ name }) => name),
  );
}

/** A cluster that was just told to make a topic may not know it yet, all the more when it has much to do. */
async function untilKnown(admin: Admin, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return;
  const deadline = performance.now() + knownMsMax;
  for (;;) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
      if (found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      const isEarly = errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION' || isLeaderless(error);
      if (!isEarly) throw failureOf(error, `read the metadata of ${topics.join(', ')}`);
    }
    if (performance.now() > deadline)
      throw new Retryable(`Kafka made ${topics.join(', ')} but they have no leader yet`, {
        code: 'kafka-no-leader',
      });
    await sleep(100);
  }
}

const isLeaderless = (error: unknown): boolean => errorType(error) === 'LEADER_NOT_AVAILABLE';

const topicConfig = (spec: TopicSpec): ITopicConfig => ({
  topic: spec.name,
  numPartitions: spec.partitions,
  configEntries: Object.entries(topicSettings(spec)).map(([name, value]) => ({ name, value })),
});

/** Number of partitions of each topic. Throws `Misconfigured` (code `unknown-topic`) for one that is not there. */
export async function partitionCounts(
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (topics.length === 0) return new Map();
  const doing = `read the metadata of ${topics.join(', ')}`;
  const { topics: found } = await calling(doing, () =>
    admin.fetchTopicMetadata({ topics: [...topics] }).catch((error: unknown) => {
      if (errorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      throw unknownTopic(topics, error);
    }),
  );
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
}

const unknownTopic = (topics: readonly string[], cause: unknown): Misconfigured =>
  new Misconfigured(`Kafka: no such topic among ${topics.join(', ')}.`, {
    code: 'unknown-topic',
    fix: 'Create the topic first (createTopics), or correct its name.',
    cause,
  });

export async function ranges(admin: Admin, topics?: readonly string[]): Promise<readonly PartitionRange[]> {
  const all =
    topics ?? (await calling('list topics', () => admin.listTopics())).filter((name) => !isInternal(name));
  const found: PartitionRange[] = [];
  for (let at = 0; at < all.length; at += topicsAtOnce) {
    const some = all.slice(at, at + topicsAtOnce);
    const perTopic = await Promise.all(some.map((topic) => topicRanges(admin, topic, topics !== undefined)));
    found.push(...perTopic.flat());
  }
  return found;
}

async function topicRanges(admin: Admin, topic: string, named: boolean): Promise<PartitionRange[]> {
  const offsets = await calling(`read the offsets of ${topic}`, () => admin.fetchTopicOffsets(topic)).catch(
    (error: unknown) => {
      const unknown = errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';
      if (unknown && !named) return []; // deleted since it was listed
      throw unknown ? unknownTopic([topic], error) : error;
    },
  );
  return offsets
    .map(({ partition, low, high }) => ({ topic, partition, start: Number(low), end: Number(high) }))
    .sort((a, b) => a.partition - b.partition);
}

/**
 * Committed positions of a group. An offset of −2 is what kafkajs leaves (without metadata) when retention has
 * removed the committed place: the group goes on at the start of the log, and what was between is lost to it.
 */
export async function positions(
  admin: Admin,
  group: string,
  topics: readonly string[],
): Promise<readonly Position[]> {
  if (topics.length === 0) return [];
  const found = await calling(`read the positions of group ${group}`, () =>
    admin.fetchOffsets({ groupId: group, topics: [...topics] }),
  );
  return found.flatMap(({ topic, partitions }) =>
    partitions
      .filter(({ offset }) => Number(offset) !== -1)
      .map(({ partition, offset, metadata }) => ({
        topic,
        partition,
        offset: Number(offset),
        metadata: metadata ?? '',
      })),
  );
}

export async function groups(admin: Admin): Promise<readonly string[]> {
  const found = await calling('list consumer groups', () => admin.listGroups());
  return found.groups.map(({ groupId }) => groupId);
}
