// What a stream has in hand and when it last got on, partition by partition: what the watchdog judges by.
import type { Batch } from '../../connectors/log.ts';
import type { Retryable } from '../../schemas/errors.ts';

type Place = Pick<Batch, 'topic' | 'partition'>;

/** Work that is being tried again. */
export interface Unwell {
  readonly error: Retryable;
  /** When it failed last, on the clock of `performance.now`. */
  readonly at: number;
}

/** One partition. */
export class Doings {
  /** Chunks delivered and committed so far. */
  done = 0;
  /** Batches whose handler runs. */
  running = 0;
  readonly #steps = new Map<object, Unwell>();

  /** What failed last of what is being tried again; null when nothing is. */
  get unwell(): Unwell | null {
    let latest: Unwell | null = null;
    for (const one of this.#steps.values()) if (!latest || one.at >= latest.at) latest = one;
    return latest;
  }

  /** A step failed and is done again. A chunk may be delivered while the next is processed, so there may be two. */
  failed(step: object, error: Retryable): void {
    this.#steps.set(step, { error, at: performance.now() });
  }

  /** A step is over, whichever way. */
  over(step: object): void {
    this.#steps.delete(step);
  }
}

export class Progress {
  readonly #partitions = new Map<string, Doings>();

  of({ topic, partition }: Place): Doings {
    const key = `${topic}/${partition}`;
    const doings = this.#partitions.get(key) ?? new Doings();
    this.#partitions.set(key, doings);
    return doings;
  }
}
