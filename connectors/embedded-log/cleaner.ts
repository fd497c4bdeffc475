// Keeps partitions clean in the background: retention or compaction when they are opened and whenever they roll.
import { compactPartition } from './compaction.ts';
import type { Partition } from './partition.ts';

export class Cleaner {
  readonly #onFailure: (partition: string, error: unknown) => void;
  readonly #running = new Map<Partition, Promise<void>>();
  readonly #again = new Set<Partition>();

  /** A failure leaves a partition’s files whole; the next roll tries again. */
  constructor(onFailure: (partition: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Cleans the partition now and after every roll. */
  keepClean(partition: Partition): void {
    partition.onRoll = () => this.#request(partition);
    this.#request(partition);
  }

  #request(partition: Partition): void {
    if (this.#running.has(partition)) this.#again.add(partition);
    else this.#running.set(partition, this.#run(partition));
  }

  async #run(partition: Partition): Promise<void> {
    do {
      this.#again.delete(partition);
      try {
        if (partition.cleaning.compacted) await compactPartition(partition);
        else partition.retain();
      } catch (error) {
        this.#onFailure(`${partition.topic}/${partition.number}`, error);
      }
      // A turn first, so that `#running` knows of this run even when there was nothing to wait for.
      await Promise.resolve();
    } while (this.#again.has(partition) && !partition.closed);
    this.#running.delete(partition);
  }

  /** Resolves when nothing runs any more; partitions that are closed stop soon. */
  async finished(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
