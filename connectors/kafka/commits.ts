// Commits of the partitions of one tenure: one request in flight, and whatever is to be committed meanwhile goes
// together in the next one. A commit still only resolves when its own offset is committed.
import type { OffsetsByTopicPartition } from 'kafkajs';
import type { Tenure } from './tenure.ts';

export interface CommitPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

/** Sends one request. Throws kafkajs’s errors. */
export type SendCommits = (offsets: OffsetsByTopicPartition) => Promise<void>;

interface Waiting {
  readonly place: CommitPlace;
  readonly send: SendCommits;
  resolve(): void;
  reject(error: unknown): void;
}

export class Commits {
  readonly #tenure: Tenure;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(tenure: Tenure) {
    this.#tenure = tenure;
  }

  /**
   * Rejects with what the request failed with, which is the same for all that travel in it, and with `Fenced` where
   * the tenure ended before it was sent.
   */
  commit(place: CommitPlace, send: SendCommits): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ place, send, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // Partitions whose outputs travelled together are through in the same turn: theirs is one request, too.
      setImmediate(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#send(this.#next());
    this.#busy = false; // in the same turn as the last look at what waits
  }

  /** What waits, in its order, up to the second commit of a partition. */
  #next(): readonly Waiting[] {
    const places = new Set<string>();
    const repeat = this.#waiting.findIndex(({ place }) => {
      const key = `${place.topic}/${place.partition}`;
      if (places.has(key)) return true;
      places.add(key);
      return false;
    });
    return this.#waiting.splice(0, repeat < 0 ? this.#waiting.length : repeat);
  }

  async #send(together: readonly Waiting[]): Promise<void> {
    try {
      this.#tenure.check();
      await together[0]!.send(offsetsOf(together));
    } catch (error) {
      for (const one of together) one.reject(error);
      return;
    }
    for (const one of together) one.resolve();
  }
}

function offsetsOf(together: readonly Waiting[]): OffsetsByTopicPartition {
  const topics = new Map<string, OffsetsByTopicPartition['topics'][number]['partitions']>();
  for (const { place } of together) {
    const { topic, ...partition } = place;
    const partitions = topics.get(topic);
    if (partitions) partitions.push(partition);
    else topics.set(topic, [partition]);
  }
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}
