// The n-grams of one language's words with their counts, and how they are packed into few bits: both sides walk the
// n-grams in the same order, and expect of each what its shorter n-grams say.

import { wordEnd, wordStart } from './language-words.ts';
import { type BitCoder, codeNumber, createContexts } from './range-coding.ts';

/**
 * Nodes in order of their length; node 0 is the empty n-gram. The children of node n, the n-grams one unit longer, are
 * [children[n], children[n + 1]).
 */
export interface CharacterTrie {
  readonly size: number;
  /** Last unit of each n-gram. */
  readonly units: Uint16Array;
  /** How often it occurred. The count of node 0 is that of all units but word starts. */
  readonly counts: Float64Array;
  readonly children: Int32Array;
  /** The n-gram without its first unit. */
  readonly suffixes: Int32Array;
}

/** Where the n-grams come from when they are packed. Nodes are numbered as the source likes, 0 being the empty one. */
export interface TrieSource {
  readonly size: number;
  /** The units of single-unit n-grams, the most frequent first. */
  readonly alphabet: readonly number[];
  /** The node with one more unit; -1 where there is none. */
  child(node: number, unit: number): number;
  /** A count that `roundedCount` leaves as it is. */
  count(node: number): number;
}

const exactMax = 16;
const stepsPerOctave = 8;
const classBits = 8;

/** Class of a count: exact up to 16, then eight classes for each doubling. */
const classOf = (count: number): number =>
  count <= exactMax
    ? count
    : Math.min(255, exactMax + Math.round(stepsPerOctave * Math.log2(count / exactMax)));

const countOfClass = Float64Array.from({ length: 2 ** classBits }, (_, index) =>
  index <= exactMax ? index : Math.round(exactMax * 2 ** ((index - exactMax) / stepsPerOctave)),
);

/** The count that is kept of a count. */
export const roundedCount = (count: number): number => countOfClass[classOf(count)]!;

const chunk = 16;
const chancesPerOctave = 2;
const chanceLevels = 64;
const restLevels = 4;
const countLevels = 24;
const lengthsMax = 8;
const smallMax = 3;

const asFloat = new Float32Array(1);
const asBits = new Int32Array(asFloat.buffer);

/** Level of an expected count, `chancesPerOctave` for each doubling, between 2^-16 and 2^16. */
function chanceLevel(expected: number): number {
  asFloat[0] = expected;
  const level = (asBits[0]! >> 22) - 127 * chancesPerOctave + chanceLevels / 2;
  return level < 0 ? 0 : level >= chanceLevels ? chanceLevels - 1 : level;
}

/** Contexts of everything that is coded; one set for all languages of a file. */
export function createTrieContexts() {
  return {
    unitHigh: createContexts(256),
    unitLow: createContexts(256 * 256),
    rootCounts: createContexts(256),
    present: createContexts(lengthsMax * chanceLevels * restLevels),
    chunks: createContexts(chanceLevels),
    small: createContexts(countLevels * (chanceLevels / 4) * 4),
    counts: createContexts(countLevels * 256),
    numbers: createContexts(3 * 256),
  };
}
type TrieContexts = ReturnType<typeof createTrieContexts>;

/** Codes a number below 2^24. */
function codeSize(coder: BitCoder, { numbers }: TrieContexts, value: number): number {
  let result = 0;
  for (let byte = 2; byte >= 0; byte--) {
    result = result * 256 + codeNumber(coder, numbers, byte * 256, 8, (value >>> (8 * byte)) & 0xff);
  }
  return result;
}

/**
 * Packs a source (with an encoder) or unpacks what was packed (with a decoder, without a source), n-grams of at most
 * `order` units. The trie it returns is the same on both sides.
 */
export function codeTrie(
  coder: BitCoder,
  contexts: TrieContexts,
  order: number,
  source?: TrieSource,
): CharacterTrie {
  const walk = new TrieWalk(coder, contexts, order, source);
  walk.codeAlphabet();
  for (let node = 1; node < walk.size; node++) walk.codeChildren(node);
  return walk.finish();
}

const damaged = (): Error => new Error('the packed n-grams are damaged');

class TrieWalk {
  readonly size: number;
  readonly #coder: BitCoder;
  readonly #contexts: TrieContexts;
  readonly #order: number;
  readonly #source: TrieSource | undefined;
  readonly #units: Uint16Array;
  readonly #counts: Float64Array;
  readonly #children: Int32Array;
  readonly #suffixes: Int32Array;
  readonly #lengths: Uint8Array;
  readonly #sources: Int32Array;
  #filled = 1;

  constructor(coder: BitCoder, contexts: TrieContexts, order: number, source: TrieSource | undefined) {
    this.#coder = coder;
    this.#contexts = contexts;
    this.#order = order;
    this.#source = source;
    this.size = codeSize(coder, contexts, source?.size ?? 0);
    this.#units = new Uint16Array(this.size);
    this.#counts = new Float64Array(this.size);
    this.#children = new Int32Array(this.size + 1);
    this.#suffixes = new Int32Array(this.size);
    this.#lengths = new Uint8Array(this.size);
    this.#sources = new Int32Array(source === undefined ? 0 : this.size);
  }

  codeAlphabet(): void {
    const { unitHigh, unitLow, rootCounts } = this.#contexts;
    const letters = codeSize(this.#coder, this.#contexts, this.#source?.alphabet.length ?? 0);
    this.#children[0] = 1;
    let total = 0;
    for (let index = 0; index < letters; index++) {
      const given = this.#source?.alphabet[index] ?? 0;
      const high = codeNumber(this.#coder, unitHigh, 0, 8, given >>> 8);
      const unit = 256 * high + codeNumber(this.#coder, unitLow, 256 * high, 8, given & 0xff);
      const from = this.#source?.child(0, unit) ?? 0;
      const count = countOfClass[codeNumber(this.#coder, rootCounts, 0, classBits, this.#classOf(from))]!;
      if (unit !== wordStart) total += count;
      this.#add(unit, count, 0, 1, from);
    }
    this.#counts[0] = total;
    this.#children[1] = this.#filled;
  }

  /** What may follow an n-gram is what followed it without its first unit. */
  codeChildren(node: number): void {
    if (this.#lengths[node]! < this.#order && this.#units[node] !== wordEnd) {
      const suffix = this.#suffixes[node]!;
      this.#codeCandidates(node, this.#children[suffix]!, this.#children[suffix + 1]!, this.#counts[suffix]!);
    }
    this.#children[node + 1] = this.#filled;
  }

  #codeCandidates(node: number, from: number, to: number, total: number): void {
    const counts = this.#counts;
    let rest = counts[node]!;
    let unseen = total;
    const exact = rest <= exactMax;
    for (let start = from; start < to; start += chunk) {
      const end = Math.min(to, start + chunk);
      if (to - from > 2 * chunk) {
        let mass = 0;
        for (let at = start; at < end; at++) mass += counts[at]!;
        if (this.#skipsChunk(node, start, end, (rest * mass) / Math.max(1, unseen))) {
          unseen -= mass;
          continue;
        }
      }
      for (let at = start; at < end; at++) {
        // Small counts are exact: once all are found, nothing more can follow.
        if (exact && rest <= 0) return;
        if (this.#units[at] === wordStart) continue;
        rest -= this.#codeCandidate(node, at, rest, unseen);
        unseen -= counts[at]!;
      }
    }
  }

  #skipsChunk(node: number, start: number, end: number, expected: number): boolean {
    let any = 0;
    if (this.#source !== undefined) {
      for (let at = start; at < end; at++) if (this.#sourceChild(node, at) >= 0) any = 1;
    }
    return this.#coder.code(this.#contexts.chunks, chanceLevel(expected), any) === 0;
  }

  #sourceChild(node: number, candidate: number): number {
    const unit = this.#units[candidate]!;
    return unit === wordStart ? -1 : this.#source!.child(this.#sources[node]!, unit);
  }

  /** Returns the count of the child, 0 where there is none. */
  #codeCandidate(node: number, candidate: number, rest: number, unseen: number): number {
    const { present } = this.#contexts;
    const likely = this.#counts[candidate]!;
    const chance = chanceLevel((Math.max(0.5, rest) * likely) / Math.max(1, unseen));
    const from = this.#source === undefined ? -1 : this.#sourceChild(node, candidate);
    const length = this.#lengths[node]!;
    const context =
      (length * chanceLevels + chance) * restLevels + Math.max(0, Math.min(restLevels - 1, rest));
    if (this.#coder.code(present, context, from >= 0 ? 1 : 0) === 0) return 0;
    // Never more often than its shorter n-gram, nor, where counts are exact, than what is left of its context.
    const isOnce = likely === 1 || (rest === 1 && this.#counts[node]! <= exactMax);
    const count = isOnce ? 1 : this.#codeCount(Math.max(1, Math.min(rest, likely)), chance >> 2, from);
    this.#add(this.#units[candidate]!, count, candidate, length + 1, from);
    return count;
  }

  /** A count of about `limit` at most: most are one, two or three, which take a bit or two. */
  #codeCount(limit: number, chance: number, node: number): number {
    const { small, counts } = this.#contexts;
    const given = this.#classOf(node);
    const level = Math.min(countLevels - 1, Math.round(classOf(limit) / 4));
    for (let count = 1; count <= smallMax; count++) {
      const at = (level * (chanceLevels / 4) + chance) * 4 + count;
      if (this.#coder.code(small, at, given === count ? 1 : 0) === 1) return count;
    }
    return countOfClass[codeNumber(this.#coder, counts, level * 256, classBits, given)]!;
  }

  #classOf(node: number): number {
    return this.#source === undefined ? 0 : classOf(this.#source.count(node));
  }

  #add(unit: number, count: number, suffix: number, length: number, source: number): void {
    if (this.#filled >= this.size) throw damaged();
    const node = this.#filled++;
    this.#units[node] = unit;
    this.#counts[node] = count;
    this.#suffixes[node] = suffix;
    this.#lengths[node] = length;
    if (this.#source !== undefined) this.#sources[node] = source;
  }

  /** Throws where the bytes did not give the n-grams they promised. */
  finish(): CharacterTrie {
    if (this.#filled !== this.size) throw damaged();
    return {
      size: this.size,
      units: this.#units,
      counts: this.#counts,
      children: this.#children,
      suffixes: this.#suffixes,
    };
  }
}
