// How alike texts are: cosine of their hashed words and character trigrams, cheap enough for thousands a request.
import { foldOf } from '../features/characters.ts';
import { hashOf } from '../features/hashing.ts';

const slots = 4_096;
const gram = 3;
/** Longer texts are compared by their beginning, in UTF-16 units. */
const unitsMax = 2_000;

/** A text as a point of length one: ascending slots and their weights. */
export interface TextPoint {
  readonly slots: Uint16Array;
  readonly weights: Float32Array;
}

/** Case-folded words and character trigrams, each counted once in a slot by its hash. */
export function pointOf(text: string): TextPoint {
  const cut = text.slice(0, unitsMax);
  const seen = new Set<number>();
  for (const { 0: word, index } of cut.matchAll(/[\p{L}\p{N}]+/gu)) {
    seen.add(hashOf(cut, index, index + word.length) & (slots - 1));
    for (let at = index; at + gram <= index + word.length; at += 1)
      seen.add(hashOf(cut, at, at + gram) & (slots - 1));
  }
  // A text without words is like those of the same signs.
  if (seen.size === 0) for (const unit of cut) seen.add((foldOf[unit.charCodeAt(0)] ?? 0) & (slots - 1));
  const places = Uint16Array.from([...seen].sort((one, two) => one - two));
  return { slots: places, weights: new Float32Array(places.length).fill(1 / Math.sqrt(places.length || 1)) };
}

/** Cosine of one point with others, 0–1. */
export function similarities(point: TextPoint, others: readonly TextPoint[]): Float64Array {
  const dense = new Float32Array(slots);
  for (const [at, slot] of point.slots.entries()) dense[slot] = point.weights[at]!;
  return Float64Array.from(others, (other) => {
    let sum = 0;
    for (let at = 0; at < other.slots.length; at += 1) sum += dense[other.slots[at]!]! * other.weights[at]!;
    return sum;
  });
}
