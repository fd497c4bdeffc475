// Word hashes: FNV-1a (Fowler, Noll, Vo) over case-folded UTF-16 units, 32 bits.
import { foldOf } from './characters.ts';

export const hashStart = 0x811c9dc5 | 0;

/** The hash with one more UTF-16 unit. */
export const hashUnit = (hash: number, unit: number): number =>
  Math.imul(hash ^ (foldOf[unit] as number), 0x01000193);

/** Hash of a part of a text, as if it were one word. */
export function hashOf(text: string, from = 0, to = text.length): number {
  let hash = hashStart;
  for (let place = from; place < to; place++) hash = hashUnit(hash, text.charCodeAt(place));
  return hash;
}
