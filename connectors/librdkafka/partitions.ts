// How many partitions topics have and which of them a record goes to: chosen here, so that it is the choice of
// Kafka's own clients (murmur2 of the key) whatever librdkafka's default is.
import { Partitioner } from '../embedded-log/partitioner.ts';
import type { LogRecord } from '../log.ts';
import { sizeOf } from './record.ts';

const knownForMs = 60_000;
/** Below the default of the brokers' `message.max.bytes`. */
const recordBytesMaxDefault = 1_000_000;

interface Known {
  readonly partitions: number;
  readonly until: number;
  readonly partitioner: Partitioner;
}

export class Partitions {
  readonly #count: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly #known = new Map<string, Known>();
  readonly #recordBytesMax = new Map<string, number>();

  constructor(count: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>) {
    this.#count = count;
  }

  /** Notes the largest record that a topic was meant to take. */
  note(topic: string, recordBytesMax: number): void {
    this.#recordBytesMax.set(topic, recordBytesMax);
  }

  /** Looks topics up that are not known, or not since a while. Throws `Misconfigured` for one that is not there. */
  async know(topics: readonly string[]): Promise<void> {
    const now = performance.now();
    const unknown = topics.filter((topic) => !((this.#known.get(topic)?.until ?? 0) > now));
    if (unknown.length > 0)
      for (const [topic, partitions] of await this.#count([...new Set(unknown)])) {
        const partitioner = this.#known.get(topic)?.partitioner ?? new Partitioner();
        this.#known.set(topic, { partitions, partitioner, until: now + knownForMs });
      }
    for (const topic of new Set(topics)) this.#known.get(topic)!.partitioner.turn();
  }

  /** The partition for a record of a topic that is known. */
  choose(topic: string, record: LogRecord): number {
    const { partitioner, partitions } = this.#known.get(topic)!;
    return partitioner.partitionOf(record, partitions);
  }

  /** Whether a record among these may be more than the topic takes. */
  isLarge(topic: string, records: readonly LogRecord[]): boolean {
    const max = this.#recordBytesMax.get(topic) ?? recordBytesMaxDefault;
    return records.some((record) => sizeOf(record) > max);
  }
}
