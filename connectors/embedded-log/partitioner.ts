// Which partition a record goes to: Kafka’s murmur2 of the key; records without a key keep to one partition for a
// while, because few large batches cost less than many small ones (KIP-480).
import type { LogRecord } from '../log.ts';

/** Bytes after which records without a key move on to the next partition: Kafka’s default batch size. */
const stickyBytes = 16_384;

/** Kafka’s variant of Austin Appleby’s MurmurHash2, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995;
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    let mixed = Math.imul(word, multiplier);
    mixed = Math.imul(mixed ^ (mixed >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ mixed;
  }
  for (let left = length - at - 1; left >= 0; left--) hash ^= bytes[at + left]! << (8 * left);
  if (at < length) hash = Math.imul(hash, multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** Chooses partitions for the records of one topic, one publish after another. */
export class Partitioner {
  #sticky = 0;
  #stickyBytes = 0;

  /** Called between publishes: the next one’s records without a key start on another partition. */
  turn(): void {
    this.#sticky++;
    this.#stickyBytes = 0;
  }

  partitionOf(record: LogRecord, partitions: number): number {
    if (record.key !== null) return (murmur2(record.key) & 0x7fffffff) % partitions;
    this.#stickyBytes += record.value?.length ?? 0;
    if (this.#stickyBytes > stickyBytes) this.turn();
    return this.#sticky % partitions;
  }
}
