// Byte-level byte-pair encoding as GPT-2 and RoBERTa have it: bytes as letters, merged by rank.
import { whitespace } from './character-classes.ts';
import type { SubwordModel } from './tokenizer.ts';
import { modelType, type TokenizerJson } from './tokenizer-json.ts';
import { WordCache } from './word-cache.ts';

/** GPT-2’s pattern. JavaScript’s own `\s` would differ in U+0085 and U+FEFF. */
const wordPattern = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${whitespace}\\p{L}\\p{N}]+|[${whitespace}]+(?![^${whitespace}])|[${whitespace}]+`,
  'gu',
);

/** Ids are below 2^21: a pair of them and its rank stay exact in a double. */
const idLimit = 2 ** 21;

/** What two neighbours merge to. */
interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** Byte-level BPE when the file describes RoBERTa’s or GPT-2’s pipeline, else null. */
export function createBytePairs(json: TokenizerJson): SubwordModel | null {
  const { normalizer, pre_tokenizer: preTokenizer, model } = json;
  const isByteLevel =
    modelType(json) === 'BPE' &&
    normalizer === null &&
    preTokenizer?.type === 'ByteLevel' &&
    preTokenizer.use_regex !== false &&
    !model.dropout &&
    !model.byte_fallback &&
    !model.ignore_merges &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix;
  if (!isByteLevel) return null;
  const vocabulary = new Map(Object.entries(model.vocab as Record<string, number>));
  const letters = byteLetters.map((letter) => vocabulary.get(letter));
  if (letters.some((id) => id === undefined)) return null;
  const merges = mergesOf(model.merges as readonly (string | readonly [string, string])[], vocabulary);
  return merges === null
    ? null
    : new BytePairs(letters as number[], merges, preTokenizer.add_prefix_space === true);
}

/** The letter that stands for each byte: itself where it is visible, else one from U+0100 on. */
const byteLetters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(isVisible ? byte : next++);
  });
})();

function mergesOf(
  merges: readonly (string | readonly [string, string])[],
  vocabulary: ReadonlyMap<string, number>,
): ReadonlyMap<number, Merge> | null {
  const byPair = new Map<number, Merge>();
  for (const [rank, merge] of merges.entries()) {
    const [left, right] = typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge;
    const ids = [left, right, left + right].map((token) => vocabulary.get(token) ?? idLimit);
    if (ids.some((id) => id >= idLimit)) return null;
    byPair.set(ids[0]! * idLimit + ids[1]!, { rank, id: ids[2]! });
  }
  return byPair;
}

class BytePairs implements SubwordModel {
  readonly #letters: readonly number[];
  readonly #merges: ReadonlyMap<number, Merge>;
  readonly #isSpaceAdded: boolean;
  readonly #cache = new WordCache();
  readonly #encoder = new TextEncoder();

  constructor(letters: readonly number[], merges: ReadonlyMap<number, Merge>, isSpaceAdded: boolean) {
    this.#letters = letters;
    this.#merges = merges;
    this.#isSpaceAdded = isSpaceAdded;
  }

  encode(text: string): number[] {
    const given = this.#isSpaceAdded && !text.startsWith(' ') ? ` ${text}` : text;
    const ids: number[] = [];
    for (const word of given.match(wordPattern) ?? []) {
      let found = this.#cache.get(word);
      if (found === undefined) {
        found = this.#merge(word);
        this.#cache.set(word, found);
      }
      for (let at = 0; at < found.length; at++) ids.push(found[at]!);
    }
    return ids;
  }

  /**
   * Merges neighbours, the lowest rank first and the leftmost of equal ones, through a heap: a word as long as the text
   * takes n log n steps, not n².
   */
  #merge(word: string): readonly number[] {
    const ids = Array.from(this.#encoder.encode(word), (byte) => this.#letters[byte]!);
    const next = ids.map((_, at) => at + 1);
    const previous = ids.map((_, at) => at - 1);
    const heap = new Heap();
    const consider = (at: number) => {
      if (at < 0 || next[at]! >= ids.length) return;
      const merge = this.#merges.get(ids[at]! * idLimit + ids[next[at]!]!);
      if (merge !== undefined) heap.push(merge.rank * idLimit + at);
    };
    for (let at = 0; at + 1 < ids.length; at++) consider(at);
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const at = top % idLimit;
      const right = next[at]!;
      if (ids[at] === gone || right >= ids.length) continue;
      const merge = this.#merges.get(ids[at]! * idLimit + ids[right]!);
      // What stood here has been merged otherwise since it was put on the heap.
      if (merge === undefined || merge.rank !== Math.floor(top / idLimit)) continue;
      ids[at] = merge.id;
      ids[right] = gone;
      next[at] = next[right]!;
      if (next[at]! < ids.length) previous[next[at]!] = at;
      consider(previous[at]!);
      consider(at);
    }
    return ids.filter((id) => id !== gone);
  }
}

const gone = -1;

/** A binary heap of numbers, the smallest on top. */
class Heap {
  readonly #values: number[] = [];

  push(value: number): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (values[parent]! <= value) break;
      values[at] = values[parent]!;
      at = parent;
    }
    values[at] = value;
  }

  pop(): number | undefined {
    const values = this.#values;
    const top = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= values.length) break;
      if (child + 1 < values.length && values[child + 1]! < values[child]!) child++;
      if (values[child]! >= last) break;
      values[at] = values[child]!;
      at = child;
    }
    values[at] = last;
    return top;
  }
}
