// What the cluster knows: topics, ranges, groups and their positions, through librdkafka's admin client.
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { KafkaOptions } from '../kafka/client.ts';
import { topicSettings } from '../kafka/topic-settings.ts';
import type { PartitionRange, TopicSpec } from '../log.ts';
import { calling, codeOf, codes, failureOf, reported } from './failure.ts';
import {
  answered,
  type Callback,
  type GroupList,
  type Native,
  type NativeAdmin,
  type NativeError,
  type NativePosition,
  type Place,
  type TopicDescription,
} from './native.ts';
import { commonSettings, listeners } from './settings.ts';

const timeoutMs = 5_000;
const leadersWithinMs = 15_000;
const [earliest, latest] = [{ timestamp: -2 }, { timestamp: -1 }];

export class Topics {
  readonly #admin: NativeAdmin;
  /** Said by librdkafka beside the requests: a request that then times out says only that it did. */
  #refusal: NativeError | undefined;

  constructor(native: Native, options: KafkaOptions) {
    const heard = listeners(options.logger, (error) => {
      if (error.code === codes.authentication || error.code === codes.ssl) this.#refusal = error;
    });
    this.#admin = native.AdminClient.create(commonSettings(native, options), heard);
  }

  close(): void {
    this.#admin.disconnect();
  }

  names(): Promise<readonly string[]> {
    return this.#call<readonly string[]>('list topics', (admin, done) =>
      admin.listTopics({ timeout: timeoutMs }, done),
    );
  }

  /** Creates the topics that are missing and waits until they have leaders. */
  async create(specs: readonly TopicSpec[]): Promise<void> {
    const existing = new Set(await this.names());
    const missing = specs.filter(({ name }) => !existing.has(name));
    for (const spec of missing) {
      const creating = this.#call(`create topic ${spec.name}`, (admin, done) =>
        admin.createTopic(topicConfig(spec), timeoutMs, done),
      );
      await creating.catch((error: unknown) => {
        if (codeOf(error) !== codes.topicExists) throw error; // another process has just made it
      });
    }
    const deadline = Date.now() + leadersWithinMs;
    while (!(await this.#haveLeaders(missing.map(({ name }) => name)))) {
      if (Date.now() > deadline)
        throw new Retryable('Kafka: new topics have no leaders yet.', { code: 'kafka-no-leader' });
      await sleep(50);
    }
  }

  async #haveLeaders(names: readonly string[]): Promise<boolean> {
    const found = await this.#describe(names);
    return found.every(
      ({ error, partitions }) => !error && partitions.length > 0 && partitions.every(({ leader }) => leader),
    );
  }

  #describe(names: readonly string[]) {
    if (names.length === 0) return Promise.resolve([]);
    return this.#call<readonly TopicDescription[]>(
      `read the metadata of ${names.join(', ')}`,
      (admin, done) => admin.describeTopics(names, { timeout: timeoutMs }, done),
    );
  }

  /** Number of partitions of each topic. Throws `Misconfigured` (code `unknown-topic`) for one that is not there. */
  async partitionCounts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { name, error, partitions } of await this.#describe(names)) {
      if (error) throw isUnknown(error) ? unknownTopic(name) : failureOf(reported(error), `find ${name}`);
      counts.set(name, partitions.length);
    }
    return counts;
  }

  async ranges(names?: readonly string[]): Promise<readonly PartitionRange[]> {
    const wanted = names ?? (await this.names()).filter((name) => !name.startsWith('__'));
    const places: Place[] = [];
    for (const { name, error, partitions } of await this.#describe(wanted)) {
      if (error && isUnknown(error) && !names) continue; // deleted since it was listed
      if (error) throw isUnknown(error) ? unknownTopic(name) : failureOf(reported(error), `find ${name}`);
      for (const { partition } of partitions) places.push({ topic: name, partition });
    }
    return this.rangesOf(places);
  }

  /** Every partition of the named topics. */
  async placesOf(names: readonly string[]): Promise<readonly Place[]> {
    const counts = await this.partitionCounts(names);
    return [...counts].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    );
  }

  async rangesOf(places: readonly Place[]): Promise<readonly PartitionRange[]> {
    if (places.length === 0) return [];
    const [starts, ends] = await Promise.all([
      this.#offsets(places, earliest),
      this.#offsets(places, latest),
    ]);
    return places
      .map(({ topic, partition }) => {
        const [start, end] = [starts, ends].map((found) => found.get(`${topic}/${partition}`)!);
        return { topic, partition, start: start!, end: end! };
      })
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  }

  async #offsets(places: readonly Place[], at: { timestamp: number }): Promise<Map<string, number>> {
    const doing = `read the offsets of ${[...new Set(places.map(({ topic }) => topic))].join(', ')}`;
    const asked = places.map(({ topic, partition }) => ({ topic, partition, offset: at }));
    const found = await this.#call<readonly NativePosition[]>(doing, (admin, done) =>
      admin.listOffsets(asked, { timeout: timeoutMs }, done),
    );
    return new Map(
      found.map(({ topic, partition, offset, error }) => {
        if (error || offset === undefined)
          throw failureOf(error ? reported(error) : new Error(`${topic}/${partition} has no offsets`), doing);
        return [`${topic}/${partition}`, offset];
      }),
    );
  }

  async groups(): Promise<readonly string[]> {
    const { groups } = await this.#call<GroupList>('list consumer groups', (admin, done) =>
      admin.listGroups({ timeout: timeoutMs }, done),
    );
    return groups.map(({ groupId }) => groupId);
  }

  #call<Result>(doing: string, call: (admin: NativeAdmin, done: Callback<Result>) => void): Promise<Result> {
    return calling(doing, () => answered<Result>((done) => call(this.#admin, done))).catch(
      (error: unknown) => {
        throw error instanceof Retryable && this.#refusal ? failureOf(this.#refusal, doing) : error;
      },
    );
  }
}

const topicConfig = (spec: TopicSpec) => ({
  topic: spec.name,
  num_partitions: spec.partitions,
  replication_factor: -1,
  config: topicSettings(spec),
});

const isUnknown = ({ code }: { readonly code: number }): boolean =>
  code === codes.unknownTopicOrPartition || code === codes.unknownTopic;

const unknownTopic = (name: string): Misconfigured =>
  new Misconfigured(`Kafka: there is no topic ${name}.`, {
    code: 'unknown-topic',
    fix: 'Create the topic first (createTopics), or correct its name.',
  });
