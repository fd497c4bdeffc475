// One topic as it grows, read once for all who listen. Each message comes with the place after it, from which a
// listener that was away can go on.
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';
import type { Message } from '../../schemas/topic.ts';
import type { Log, ReadOptions } from '../log.ts';
import type { Logger } from '../logger.ts';
import { Refusal } from '../wire/refusal.ts';
import type { Wire } from '../wire/wire.ts';

/** Next offset to read, by partition number. */
export type Place = readonly number[];

export interface Happening {
  readonly message: Message;
  /** The message as JSON. */
  readonly json: string;
  /** Where to go on after it. */
  readonly next: Place;
}

export interface Listener {
  happened(happening: Happening): void;
  /** The topic cannot be read any more. */
  failed(): void;
}

interface FeedOptions {
  readonly log: Log;
  readonly wire: Wire;
  readonly topic: string;
  readonly logger: Logger | null;
}

const retryMs = 1_000;
const turnCharacters = 65_536;

/** Reads while anyone listens. */
export class TopicFeed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<Listener>();
  #place: Place = [];
  #stop: AbortController | null = null;
  #starting: Promise<void> | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Begins at the end of the topic, unless it runs. Throws `Retryable` when the log does not answer. */
  async start(): Promise<void> {
    if (this.#stop) return;
    this.#starting ??= this.#begin().finally(() => {
      this.#starting = null;
    });
    await this.#starting;
  }

  async #begin(): Promise<void> {
    const ranges = await this.#options.log.ranges([this.#options.topic]);
    this.#place = ranges.toSorted((a, b) => a.partition - b.partition).map(({ end }) => end);
    this.#stop = new AbortController();
    this.#run(this.#stop.signal).catch((error: unknown) => {
      this.#options.logger?.error({ err: error, topic: this.#options.topic }, 'a topic cannot be followed');
      for (const listener of [...this.#listeners]) listener.failed();
      this.stop();
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const reading = this.#read({ from: byPartition(this.#place), signal }, this.#place);
        let characters = 0;
        for await (const happening of reading) {
          if (signal.aborted) return;
          this.#place = happening.next;
          for (const listener of [...this.#listeners]) listener.happened(happening);
          characters += happening.json.length;
          if (characters < turnCharacters) continue;
          // Sockets are written to between turns only: without one, a burst would look like a slow reader.
          await turn();
          characters = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Retryable)) throw error;
        this.#options.logger?.warn(
          { err: error, topic: this.#options.topic },
          'following a topic again soon',
        );
        await wait(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Where the feed is: who listens from now on gets what follows it. */
  get place(): Place {
    return this.#place;
  }

  isAt(place: Place): boolean {
    return this.#place.every((offset, partition) => place[partition] === offset);
  }

  /** Messages of the past between two places, or from where the topic begins now. */
  async *between(from: Place, to: Place): AsyncGenerator<Happening> {
    const ranges = await this.#options.log.ranges([this.#options.topic]);
    const at = to.map((end, partition) => {
      const start = ranges.find((range) => range.partition === partition)?.start ?? 0;
      return Math.min(end, Math.max(start, from[partition] ?? start));
    });
    const behind = byPartition(at, (offset, partition) => offset < to[partition]!);
    if (behind.size > 0) yield* this.#read({ from: behind, to: byPartition(to) }, at);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
  }

  async *#read(options: ReadOptions, from: Place): AsyncGenerator<Happening> {
    const { log, wire, topic } = this.#options;
    const next = [...from];
    for await (const { partition, records } of log.read(topic, options)) {
      await wire.prepare(topic, records);
      for (const record of records) {
        next[partition] = record.offset + 1;
        const message = wire.decode(topic, partition, record);
        if (message instanceof Refusal) continue;
        yield { message, json: JSON.stringify(message), next: [...next] };
      }
    }
  }
}

const byPartition = (
  place: Place,
  isWanted: (offset: number, partition: number) => boolean = () => true,
): ReadonlyMap<number, number> =>
  new Map(
    place
      .map((offset, partition) => [partition, offset] as const)
      .filter(([partition, offset]) => isWanted(offset, partition)),
  );
