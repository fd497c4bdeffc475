// Words hashed to ids, exactly and plainly: the definition that the byte path (byte-tokenizer.ts) has to agree with.
// FNV-1a, 32 bits: G. Fowler, L. C. Noll, K.-P. Vo, datatracker.ietf.org/doc/draft-eastlake-fnv.
import type { HashingOptions } from '../../../schemas/model-hashing.ts';

export const fnvStart = 0x811c9dc5 | 0;
export const fnvPrime = 0x0100_0193;

const word = /[\p{L}\p{N}]+/gu;
const encoder = new TextEncoder();

const fnv = (state: number, text: string): number => {
  let hash = state;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, fnvPrime);
  return hash;
};

/** The id of a hash: `offset` and the rest of a division by `buckets`. */
const idOf = (hash: number, { offset, buckets }: HashingOptions): number => offset + ((hash >>> 0) % buckets);

/**
 * Ids of a text: those of its words in their order, then those of its pairs of neighbouring words where asked for,
 * cut to `idsMax` with what frames them counted.
 */
export function hashText(text: string, options: HashingOptions): number[] {
  const { prefixIds, suffixIds, idsMax } = options;
  const room = idsMax - prefixIds.length - suffixIds.length;
  const words = text.toLowerCase().match(word)?.slice(0, room) ?? [];
  const hashes = words.map((each) => fnv(fnvStart, each));
  if (options.bigrams)
    for (let at = 1; at < words.length && hashes.length < room; at++)
      hashes.push(fnv(fnv(fnvStart, words[at - 1]!), ` ${words[at]}`));
  return [...prefixIds, ...hashes.map((hash) => idOf(hash, options)), ...suffixIds];
}
