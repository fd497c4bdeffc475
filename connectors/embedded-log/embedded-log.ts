// The log port in one process, durable on disk: Kafka’s semantics without Kafka. What it writes are Kafka’s own
// record batches. One process per directory; a lock is not taken here.
import { mkdirSync } from 'node:fs';
import type {
  BatchHandler,
  Log,
  LogRecord,
  PartitionRange,
  Position,
  Published,
  ReadOptions,
  SubscribeOptions,
  Subscription,
  TopicSpec,
} from '../log.ts';
import type { TopicPartition } from './assignment.ts';
import { Cleaner } from './cleaner.ts';
import { CommittedOffsets } from './committed-offsets.ts';
import { closed, unknownTopic, unusable } from './failures.ts';
import { followPartitions } from './following.ts';
import { Group } from './group.ts';
import type { Partition } from './partition.ts';
import { publish } from './publication.ts';
import { type EmbeddedLogOptions, type Settings, settingsOf } from './settings.ts';
import { GroupSubscription } from './subscription.ts';
import { checkSpec, createTopic, openTopics, type Topic } from './topics.ts';

/**
 * Opens the log in `directory`, which is made when missing. Torn writes of a killed process are cut off.
 * Throws `Misconfigured` when the directory cannot be used or a topic’s metadata is damaged.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<Log> {
  const settings = settingsOf(options);
  try {
    mkdirSync(settings.directory, { recursive: true });
    return new EmbeddedLog(settings);
  } catch (error) {
    throw unusable(settings.directory, error);
  }
}

class EmbeddedLog implements Log {
  readonly #settings: Settings;
  readonly #topics: Map<string, Topic>;
  readonly #offsets: CommittedOffsets;
  readonly #groups = new Map<string, Group>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;
  readonly #cleaner: Cleaner;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#cleaner = new Cleaner(settings.onCleaningFailure);
    this.#topics = openTopics(settings);
    this.#offsets = new CommittedOffsets(settings);
    this.#cleaner.keepClean(this.#offsets.partition);
    for (const { partitions } of this.#topics.values())
      for (const partition of partitions) this.#cleaner.keepClean(partition);
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#mustBeOpen();
    for (const spec of specs) checkSpec(spec);
    for (const spec of specs) {
      if (this.#topics.has(spec.name)) continue;
      const topic = createTopic(spec, this.#settings);
      this.#topics.set(spec.name, topic);
      for (const partition of topic.partitions) this.#cleaner.keepClean(partition);
    }
  }

  async ranges(topics?: readonly string[]): Promise<readonly PartitionRange[]> {
    this.#mustBeOpen();
    return (topics ?? [...this.#topics.keys()]).flatMap((topic) =>
      this.#topic(topic).partitions.map(({ number, start, end }) => ({
        topic,
        partition: number,
        start,
        end,
      })),
    );
  }

  async publish(
    batches: readonly { readonly topic: string; readonly records: readonly LogRecord[] }[],
  ): Promise<readonly Published[]> {
    this.#mustBeOpen();
    return publish(this.#topics, batches);
  }

  async subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription> {
    this.#mustBeOpen();
    for (const topic of options.topics) this.#topic(topic);
    const subscription = new GroupSubscription(options, handler, {
      group: this.#group(options.group),
      offsets: this.#offsets,
      partition: (topic, partition) => this.#partition(topic, partition),
      onEnd: (ended) => this.#subscriptions.delete(ended),
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  #group(name: string): Group {
    const group = this.#groups.get(name) ?? new Group(name, (topics) => this.#places(topics));
    this.#groups.set(name, group);
    return group;
  }

  #places(topics: ReadonlySet<string>): TopicPartition[] {
    return [...topics]
      .sort()
      .flatMap((topic) => this.#topic(topic).partitions.map(({ number }) => ({ topic, partition: number })));
  }

  async positions(group: string, topics: readonly string[]): Promise<readonly Position[]> {
    this.#mustBeOpen();
    return this.#places(new Set(topics)).flatMap(
      ({ topic, partition }) => this.#offsets.position(group, topic, partition) ?? [],
    );
  }

  async groups(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return [...new Set([...this.#offsets.groups(), ...this.#groups.keys()])].sort();
  }

  read(topic: string, options: ReadOptions): ReturnType<Log['read']> {
    this.#mustBeOpen();
    const partitions = [...options.from.keys()].map((number) => this.#partition(topic, number));
    return followPartitions(partitions, options, this.#closing.signal);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Subscriptions first: handlers that drain still publish and commit. */
  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#closing.abort();
    const partitions = [...this.#topics.values()].flatMap((topic) => topic.partitions);
    await Promise.all([...partitions, this.#offsets.partition].map((partition) => partition.close()));
    await this.#cleaner.finished();
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (!topic) throw unknownTopic(name);
    return topic;
  }

  #partition(topic: string, number: number): Partition {
    const partition = this.#topic(topic).partitions[number];
    if (!partition) throw unknownTopic(topic, number);
    return partition;
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw closed();
  }
}
