// Cuts a partition's records into chunks for the loop.
import type { StoredRecord } from '../../connectors/log.ts';

export interface ChunkLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

/** Memory a record holds while it is in flight, in bytes; the constant stands for its objects. */
export const recordBytes = (record: StoredRecord): number =>
  (record.key?.length ?? 0) + (record.value?.length ?? 0) + 256;

/** Consecutive chunks within both limits; a record that is larger than `bytesMax` is a chunk of its own. */
export function* cutChunks(
  records: readonly StoredRecord[],
  limits: ChunkLimits,
): Generator<readonly StoredRecord[], void, void> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < records.length; index += 1) {
    const size = recordBytes(records[index]!);
    if (index > start && (index - start >= limits.recordsMax || bytes + size > limits.bytesMax)) {
      yield records.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < records.length) yield records.slice(start);
}
