// Reading partitions without a group: up to given offsets, or on and on as the log grows.
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadOptions, StoredRecord } from '../log.ts';
import type { Partition } from './partition.ts';
import { PartitionReader } from './partition-reader.ts';

const chunkBytes = 1_048_576;

interface Place {
  readonly reader: PartitionReader;
  readonly to: number;
}

/** Yields what the partitions hold, in turns. `closing` ends it like the caller’s own signal does. */
export async function* followPartitions(
  partitions: readonly Partition[],
  { from, to, signal }: ReadOptions,
  closing: AbortSignal,
): AsyncGenerator<{ readonly partition: number; readonly records: readonly StoredRecord[] }> {
  const ended = signal ? AbortSignal.any([signal, closing]) : closing;
  let places: readonly Place[] = partitions.map((partition) => ({
    reader: new PartitionReader(partition, from.get(partition.number) ?? partition.start),
    to: to?.get(partition.number) ?? Number.POSITIVE_INFINITY,
  }));
  const bell = new Bell(partitions, ended);
  try {
    while (!ended.aborted) {
      places = places.filter(({ reader, to: end }) => reader.offset < end);
      if (places.length === 0) return;
      const rung = bell.next();
      let found = false;
      for (const place of places) {
        const records = nextBefore(place);
        // A gap that compaction left can end the reading without a record.
        found ||= records.length > 0 || place.reader.offset >= place.to;
        if (records.length > 0) yield { partition: place.reader.partition.number, records };
        if (ended.aborted) return;
      }
      await (found ? turn() : rung);
    }
  } finally {
    bell.close();
  }
}

function nextBefore({ reader, to }: Place): readonly StoredRecord[] {
  const records = reader.next(chunkBytes);
  const last = records.at(-1);
  return last && last.offset >= to ? records.filter(({ offset }) => offset < to) : records;
}

/** Rings when one of the partitions grows or the reading has to end. */
class Bell {
  #ring: () => void = () => {};
  readonly #ended: AbortSignal;
  readonly #unwatch: readonly (() => void)[];
  readonly #onAbort = (): void => this.#ring();

  constructor(partitions: readonly Partition[], ended: AbortSignal) {
    this.#ended = ended;
    this.#unwatch = partitions.map((partition) => partition.watch(() => this.#ring()));
    ended.addEventListener('abort', this.#onAbort);
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
      if (this.#ended.aborted) resolve();
    });
  }

  close(): void {
    this.#ended.removeEventListener('abort', this.#onAbort);
    for (const unwatch of this.#unwatch) unwatch();
  }
}
