// Where a text lies: its words and their parts, hashed and projected at random into few dimensions. No model, any
// language, the same everywhere (Johnson and Lindenstrauss, 1984; signs instead of normal deviates: Achlioptas, 2003).
import { hashOf, hashStart, hashUnit } from '../../features/hashing.ts';
import { scramble } from './scramble.ts';
import { wordsOf } from './words.ts';

/** Numbers of one vector. */
export const dimensions = 64;
/** Units of the shortest and the longest part of a word, its boundaries counted. */
const partMin = 3;
const partMax = 4;
/** A word weighs as much as so many of its parts. */
const wordWeight = 2;
const partSeed = 0x5bd1e995;

/**
 * The vector of a cleaned text, of length 1, in eight bits: 127 is 1. Zeros for a text without words. Texts that share
 * words, or parts of them, lie near each other.
 */
export function embed(text: string): Int8Array {
  const counts = new Map<number, number>();
  const add = (hash: number, weight: number) => counts.set(hash, (counts.get(hash) ?? 0) + weight);
  for (const word of wordsOf(text)) {
    add(hashOf(word), wordWeight);
    const bounded = `^${word}$`;
    for (let from = 0; from + partMin <= bounded.length; from++) {
      let hash = hashStart ^ partSeed;
      for (let at = from; at < Math.min(bounded.length, from + partMax); at++) {
        hash = hashUnit(hash, bounded.charCodeAt(at));
        if (at - from + 1 >= partMin) add(hash, 1);
      }
    }
  }
  const sum = new Float64Array(dimensions);
  // Roots: the tenth “very” says little more than the first.
  for (const [hash, count] of counts) project(hash, Math.sqrt(count), sum);
  return quantized(sum);
}

/** Adds a feature’s vector of signs, which its hash gives, `weight` times. */
function project(hash: number, weight: number, sum: Float64Array): void {
  for (let first = 0; first < dimensions; first += 32) {
    const bits = scramble(hash ^ Math.imul(first + 1, 0x9e3779b1));
    for (let bit = 0; bit < 32; bit++) sum[first + bit]! += (bits >>> bit) & 1 ? weight : -weight;
  }
}

function quantized(sum: Float64Array): Int8Array {
  const length = Math.hypot(...sum);
  return Int8Array.from(sum, (value) => (length === 0 ? 0 : Math.round((127 * value) / length)));
}
