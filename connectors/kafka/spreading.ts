// Which partition a record goes to, by what a producer’s cluster says of its topics.
import { createRequire } from 'node:module';
import kafkajs, { type Cluster, type PartitionMetadata, type RetryOptions } from 'kafkajs';
import { Partitioner } from '../embedded-log/partitioner.ts';
import type { LogRecord } from '../log.ts';
import type { Spreading } from './own-request.ts';

type Retrier = <Result>(attempt: () => Promise<Result>) => Promise<Result>;
const retrying = createRequire(import.meta.url)('kafkajs/src/retry') as (options: RetryOptions) => Retrier;

interface Topic {
  readonly partitioner: Partitioner;
  /** As kafkajs knows them now. */
  partitions: readonly PartitionMetadata[];
  /** Those with a leader, where records without a key may go. */
  led: readonly number[];
}

/** Spreads as Kafka’s Java client does: murmur2 of the key; without a key, a partition for some time. */
export class ClusterSpreading implements Spreading {
  readonly #cluster: Cluster;
  readonly #retrier: Retrier;
  readonly #topics = new Map<string, Topic>();

  constructor(cluster: Cluster, retry: RetryOptions) {
    this.#cluster = cluster;
    this.#retrier = retrying(retry);
  }

  /** Learns what is not known of the topics. Throws kafkajs’s errors, for a topic that is not there after some attempts. */
  async learn(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.#look(topic));
    if (unknown.length === 0) return;
    await this.#retrier(async () => {
      if (!this.#cluster.isConnected()) await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics([...unknown]);
      await this.#cluster.refreshMetadataIfNecessary();
      const missing = unknown.filter((topic) => !this.#look(topic));
      if (missing.length > 0) throw new kafkajs.KafkaJSError(`no metadata of ${missing.join(', ')}`);
    });
  }

  turn(topic: string): void {
    this.#topics.get(topic)!.partitioner.turn();
  }

  partitionOf(topic: string, record: LogRecord): number {
    const { partitions, led, partitioner } = this.#topics.get(topic)!;
    if (record.key !== null || led.length === 0) return partitioner.partitionOf(record, partitions.length);
    return led[partitioner.partitionOf(record, led.length)]!;
  }

  /** Takes over what kafkajs knows; false when nothing is known of the topic. */
  #look(name: string): boolean {
    const partitions = this.#found(name);
    let topic = this.#topics.get(name);
    if (partitions.length === 0 || topic?.partitions === partitions) return topic !== undefined;
    topic ??= { partitioner: new Partitioner(), partitions, led: [] };
    topic.partitions = partitions;
    topic.led = partitions.filter(({ leader }) => leader >= 0).map(({ partitionId }) => partitionId);
    this.#topics.set(name, topic);
    return true;
  }

  #found(topic: string): readonly PartitionMetadata[] {
    try {
      return this.#cluster.findTopicPartitionMetadata(topic);
    } catch {
      return []; // no metadata yet
    }
  }
}
