// Reading partitions without a consumer group: fetches are sent to the partitions' leaders directly, so that no
// group is joined, waited for or left behind.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, {
  type Cluster,
  type Consumer,
  type KafkaJSOffsetOutOfRange,
  type KafkaMessage,
  type PartitionAssigner,
} from 'kafkajs';
import type { ReadOptions, StoredRecord } from '../log.ts';
import type { NewKafka } from './client.ts';
import { calling, failureOf } from './failure.ts';
import type { FetchResponse } from './fetch-response.ts';
import { fetchedRecords } from './fetched.ts';
import { storedRecord } from './record.ts';

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];
/** kafkajs's own view of a fetched partition: without control records and aborted transactions. */
interface FetchedBatch {
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
  readonly rawMessages: readonly RawMessage[];
}
type RawMessage = KafkaMessage & {
  readonly batchContext?: { readonly firstOffset: string; readonly lastOffsetDelta: number };
};
type FetchedBatchClass = new (topic: string, fetchedOffset: string, data: FetchedPartition) => FetchedBatch;

// Not part of kafkajs's public face; its version is pinned and no longer changes.
const FetchedBatch = createRequire(import.meta.url)('kafkajs/src/consumer/batch') as FetchedBatchClass;

const fetchWaitMs = 100;
const partitionBytesMax = 1_048_576;
const requestBytesMax = 10_485_760;
const readCommitted = 1;
const failuresMax = 5;
const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 };

type Records = { readonly partition: number; readonly records: readonly StoredRecord[] };

/** Reads one topic as the port's `read` says. Throws `Retryable` after several failed fetches in a row. */
export async function* readTopic(
  newKafka: NewKafka,
  topic: string,
  options: ReadOptions,
): AsyncGenerator<Records> {
  const reader = new TopicReader(newKafka, topic, options);
  if (reader.finished) return;
  try {
    await reader.connect();
    while (!reader.finished) for (const records of await reader.fetch()) yield records;
  } finally {
    await reader.disconnect();
  }
}

class TopicReader {
  readonly #consumer: Consumer;
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #options: ReadOptions;
  /** Next offset of each partition. */
  readonly #places: Map<number, number>;
  #failures = 0;

  constructor(newKafka: NewKafka, topic: string, options: ReadOptions) {
    this.#topic = topic;
    this.#options = options;
    this.#places = new Map(options.from);
    let cluster: Cluster | undefined;
    // The one public way to a client's cluster. The consumer never joins: it only owns the connections.
    const assigner: PartitionAssigner = (config) => {
      cluster = config.cluster;
      return kafkajs.PartitionAssigners.roundRobin(config);
    };
    this.#consumer = newKafka(retry).consumer({
      groupId: 'never-joined',
      allowAutoTopicCreation: false,
      partitionAssigners: [assigner],
    });
    this.#cluster = cluster!;
  }

  get finished(): boolean {
    return this.#options.signal?.aborted === true || this.#unfinished().length === 0;
  }

  connect(): Promise<void> {
    return calling(`read ${this.#topic}`, async () => {
      await this.#consumer.connect();
      await this.#cluster.addTargetTopic(this.#topic);
    });
  }

  async disconnect(): Promise<void> {
    await this.#consumer.disconnect().catch(() => undefined); // nothing is left to save
  }

  /** One fetch from every leader; nothing when there is nothing new or when it failed and may go better next time. */
  async fetch(): Promise<readonly Records[]> {
    try {
      const leaders = this.#cluster.findLeaderForPartitions(this.#topic, this.#unfinished());
      const fetched = await Promise.all(
        Object.entries(leaders).map(([nodeId, partitions]) => this.#fetchFrom(nodeId, partitions)),
      );
      this.#failures = 0;
      return fetched.flat().filter(({ records }) => records.length > 0);
    } catch (error) {
      await this.#recover(error);
      return [];
    }
  }

  #unfinished(): number[] {
    const end = (partition: number) => this.#options.to?.get(partition) ?? Number.POSITIVE_INFINITY;
    return [...this.#places]
      .filter(([partition, place]) => place < end(partition))
      .map(([partition]) => partition);
  }

  async #fetchFrom(nodeId: string, partitions: readonly number[]): Promise<readonly Records[]> {
    const broker = await this.#cluster.findBroker({ nodeId });
    const places = partitions.map((partition) => ({
      partition,
      fetchOffset: String(this.#places.get(partition)),
      maxBytes: partitionBytesMax,
    }));
    const { responses }: FetchResponse = await broker.fetch({
      maxWaitTime: fetchWaitMs,
      minBytes: 1,
      maxBytes: requestBytesMax,
      isolationLevel: readCommitted,
      topics: [{ topic: this.#topic, partitions: places }],
    });
    return responses.flatMap((response) => response.partitions.map((data) => this.#take(data)));
  }

  #take(data: FetchedPartition): Records {
    const { partition } = data;
    const place = this.#places.get(partition)!;
    const end = this.#options.to?.get(partition) ?? Number.POSITIVE_INFINITY;
    const fetched = fetchedRecords(data.messages);
    const { records, next } = fetched
      ? { records: fetched.decode(), next: fetched.next }
      : stockRecords(this.#topic, place, data);
    this.#places.set(partition, Math.max(place, next));
    const within = (records.at(-1)?.offset ?? 0) < end;
    return { partition, records: within ? records : records.filter(({ offset }) => offset < end) };
  }

  async #recover(error: unknown): Promise<void> {
    if (error instanceof kafkajs.KafkaJSOffsetOutOfRange) return this.#skipToStart(error);
    const failure = failureOf(error, `read ${this.#topic}`);
    const stale = error instanceof kafkajs.KafkaJSError && error.retriable;
    this.#failures += 1;
    if (!stale || this.#failures === failuresMax) throw failure;
    await sleep(100 * 2 ** this.#failures);
    await this.#cluster.refreshMetadata().catch(() => undefined);
  }

  // Retention may have taken the first records since the caller looked.
  async #skipToStart(error: KafkaJSOffsetOutOfRange): Promise<void> {
    const { partition } = error;
    const [found] = await this.#cluster.fetchTopicsOffset([
      { topic: this.#topic, partitions: [{ partition }], fromBeginning: true },
    ]);
    const start = Number(found?.partitions[0]?.offset);
    if (!(start > this.#places.get(partition)!)) throw error;
    this.#places.set(partition, start);
  }
}

/** What kafkajs’s own decoder made of a fetch. */
function stockRecords(topic: string, place: number, data: FetchedPartition) {
  const { messages, rawMessages } = new FetchedBatch(topic, String(place), data);
  const last = rawMessages.at(-1);
  return { records: messages.map(storedRecord), next: last ? offsetAfter(last) : place };
}

// In a compacted topic the last offsets of a batch may have no record any more: its header still counts them.
function offsetAfter({ offset, batchContext }: RawMessage): number {
  if (!batchContext) return Number(offset) + 1;
  return Number(batchContext.firstOffset) + batchContext.lastOffsetDelta + 1;
}
