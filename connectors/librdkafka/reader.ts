// Reading partitions without a consumer group: they are assigned by hand, so that no group is joined or left behind.
import { Retryable } from '../../schemas/errors.ts';
import type { KafkaOptions } from '../kafka/client.ts';
import type { ReadOptions, StoredRecord } from '../log.ts';
import { Consumer, fetchSettings } from './consumer.ts';
import { codeOf, failureOf } from './failure.ts';
import type { Native, NativeError, NativeMessage } from './native.ts';
import { storedRecord } from './record.ts';

const partitionBytesMax = 1_048_576;
/** A read that gets nothing but errors for so long is given up. */
const patienceMs = 10_000;

type Records = { readonly partition: number; readonly records: readonly StoredRecord[] };

/** Reads one topic as the port's `read` says. Throws `Retryable` when the brokers stay away. */
export async function* readTopic(
  native: Native,
  options: KafkaOptions,
  topic: string,
  read: ReadOptions,
): AsyncGenerator<Records> {
  const reader = new TopicReader(native, options, topic, read);
  if (reader.finished) return;
  try {
    await reader.open();
    while (!reader.finished) yield* await reader.fetch();
  } finally {
    await reader.close();
  }
}

class TopicReader {
  readonly #topic: string;
  readonly #read: ReadOptions;
  readonly #consumer: Consumer;
  /** Next offset of each partition. */
  readonly #places: Map<number, number>;
  /** Ends that were reached, told of before the records that lead there. */
  #ended: { readonly partition: number; readonly offset: number }[] = [];
  #failure: { readonly error: NativeError; readonly since: number } | undefined;
  readonly #wake = () => this.#consumer.wake();

  constructor(native: Native, options: KafkaOptions, topic: string, read: ReadOptions) {
    this.#topic = topic;
    this.#read = read;
    this.#places = new Map(read.from);
    const settings = {
      'group.id': 'never-joined',
      'enable.partition.eof': true, // the last offsets of a log may have no record any more
      ...fetchSettings({ waitMs: 100, bytesMin: 1, partitionBytesMax }),
    };
    // Retention may have taken the first records since the caller looked.
    const topicSettings = { 'auto.offset.reset': 'earliest' };
    this.#consumer = new Consumer(native, options, settings, topicSettings, {
      ended: (place) => this.#ended.push(place),
      failed: (error) => this.#fail(error),
    });
  }

  get finished(): boolean {
    if (this.#read.signal?.aborted) return true;
    return [...this.#places].every(([partition, place]) => place >= this.#end(partition));
  }

  async open(): Promise<void> {
    await this.#consumer.connect();
    this.#read.signal?.addEventListener('abort', this.#wake);
    const places = [...this.#places].filter(([partition, place]) => place < this.#end(partition));
    this.#consumer.native.assign(
      places.map(([partition, offset]) => ({ topic: this.#topic, partition, offset })),
    );
  }

  async close(): Promise<void> {
    this.#read.signal?.removeEventListener('abort', this.#wake);
    await this.#consumer.close();
  }

  async fetch(): Promise<Records[]> {
    const messages = await this.#consumer.poll().catch((error: NativeError) => {
      this.#fail(error);
      return [];
    });
    if (messages.length === 0) await this.#consumer.idle();
    else this.#failure = undefined;
    if (this.#failure && performance.now() - this.#failure.since > patienceMs)
      throw failureOf(this.#failure.error, `read ${this.#topic}`);
    return this.#split(messages);
  }

  #split(messages: readonly NativeMessage[]): Records[] {
    const found = new Map<number, StoredRecord[]>();
    for (const message of messages) {
      const { partition, offset } = message;
      if (offset < this.#places.get(partition)!)
        throw new RangeError(`${this.#topic}/${partition} ends before the offset asked for.`);
      if (offset < this.#end(partition)) {
        const records = found.get(partition) ?? [];
        found.set(partition, records);
        records.push(storedRecord(message));
      }
      this.#advance(partition, offset + 1);
    }
    for (const { partition, offset } of this.#ended.splice(0)) this.#advance(partition, offset);
    return [...found].map(([partition, records]) => ({ partition, records }));
  }

  #end(partition: number): number {
    return this.#read.to?.get(partition) ?? Number.POSITIVE_INFINITY;
  }

  #advance(partition: number, offset: number): void {
    this.#places.set(partition, Math.max(offset, this.#places.get(partition) ?? 0));
  }

  #fail(error: NativeError): void {
    if (codeOf(error) === undefined) return;
    const failure = failureOf(error, `read ${this.#topic}`);
    const since = failure instanceof Retryable ? performance.now() : -Infinity;
    this.#failure ??= { error, since };
    this.#consumer.wake();
  }
}
