// Inputs of a transformer as padded batches: alike in length, and none larger than a budget of tokens.
import type { Encoding } from './frame.ts';

/** Tokens of one run with their padding; a single input may have more. */
const tokensPerRunMax = 1_024;

/** One run: `rows` inputs of `length` tokens each, row-major. */
export interface TokenBatch {
  /** Which input each row is. */
  readonly places: Int32Array;
  readonly length: number;
  readonly ids: BigInt64Array;
  readonly typeIds: BigInt64Array;
  /** Tokens of each row that are no padding. */
  readonly lengths: Int32Array;
}

/**
 * Sorts by length and cuts into runs. A run ends where the budget is full or the next input would be padded too much:
 * on a CPU padding costs more than a further run.
 */
export function batchesOf(encodings: readonly Encoding[], padId: number): readonly TokenBatch[] {
  const sorted = [...encodings.keys()].sort(
    (a, b) => encodings[a]!.ids.length - encodings[b]!.ids.length || a - b,
  );
  const batches: TokenBatch[] = [];
  for (let start = 0; start < sorted.length; ) {
    const shortest = encodings[sorted[start]!]!.ids.length;
    const longestMax = bucketOf(shortest);
    let end = start + 1;
    while (end < sorted.length) {
      const length = encodings[sorted[end]!]!.ids.length;
      if (length > longestMax || length * (end + 1 - start) > tokensPerRunMax) break;
      end++;
    }
    batches.push(padded(sorted.slice(start, end), encodings, padId));
    start = end;
  }
  return batches;
}

const buckets = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

const bucketOf = (length: number): number => buckets.find((bucket) => bucket >= length) ?? length;

function padded(places: readonly number[], encodings: readonly Encoding[], padId: number): TokenBatch {
  const length = Math.max(1, encodings[places.at(-1)!]!.ids.length);
  const ids = new BigInt64Array(places.length * length);
  const typeIds = new BigInt64Array(places.length * length);
  // Ids are small: writing their low words through 32 bits avoids a BigInt for every token.
  const idWords = new Int32Array(ids.buffer);
  const typeWords = new Int32Array(typeIds.buffer);
  const lengths = new Int32Array(places.length);
  places.forEach((place, row) => {
    const encoding = encodings[place]!;
    lengths[row] = encoding.ids.length;
    for (let at = 0; at < length; at++) {
      const word = 2 * (row * length + at);
      idWords[word] = at < encoding.ids.length ? encoding.ids[at]! : padId;
      typeWords[word] = at < encoding.ids.length ? encoding.typeIds[at]! : 0;
    }
  });
  return { places: Int32Array.from(places), length, ids, typeIds, lengths };
}

/** 1 for every token, 0 for padding. */
export function attentionMask({ lengths, length, ids }: TokenBatch): BigInt64Array {
  const mask = new BigInt64Array(ids.length);
  const words = new Int32Array(mask.buffer);
  for (let row = 0; row < lengths.length; row++) {
    for (let at = 0; at < lengths[row]!; at++) words[2 * (row * length + at)] = 1;
  }
  return mask;
}

/** The place of every token, from `first`. */
export function positions({ lengths, length, ids }: TokenBatch, first: number): BigInt64Array {
  const places = new BigInt64Array(ids.length);
  const words = new Int32Array(places.buffer);
  for (let row = 0; row < lengths.length; row++) {
    for (let at = 0; at < length; at++) words[2 * (row * length + at)] = at + first;
  }
  return places;
}
