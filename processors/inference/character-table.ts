// Character models of many languages as one table that is fast to ask: for every n-gram, which languages have it and
// how likely its last unit is there after the others.
import { type CharacterTrie, codeTrie, createTrieContexts } from './character-trie.ts';
import { wordEnd, wordStart } from './language-words.ts';
import { BitDecoder } from './range-coding.ts';

/** Units that no language was ever seen to have share what is left in equal parts of this many. */
const unknownUnits = 1_000;
/** Log likelihood of a unit in a language that does not have it. */
const unknownLog = -14;

/** Low bits of an n-gram's place, which tell the n-grams of one bucket apart. */
const fingerprintBits = 11;
const fingerprintMask = (1 << fingerprintBits) - 1;
const fingerprintShift = 32 - fingerprintBits;
const languagesMax = 128;
/** Log likelihoods in steps of 1/24, back-off weights in steps of 1/12, both up to zero. */
const likelihoodSteps = 24;
const backOffSteps = 12;
const likelihoods = Float32Array.from({ length: 256 }, (_, level) => -level / likelihoodSteps);
const backOffs = Float32Array.from({ length: 64 }, (_, level) => -level / backOffSteps);

/** A random odd number to tell n-grams from shifted ones; each longer n-gram multiplies by it once more. */
const base = 0x9e3779b1;
const powers = Int32Array.from({ length: 16 }, () => 1);
for (let at = 1; at < powers.length; at++) powers[at] = Math.imul(powers[at - 1]!, base);

/** Spreads a unit over 32 bits, never zero for the units there are. */
function spread(unit: number): number {
  let hash = Math.imul(unit + 0x632be5ab, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
const spreads = Int32Array.from({ length: 65_536 }, (_, unit) => spread(unit));

/** Where an n-gram lies: its bucket in the high bits, its fingerprint in the low ones. */
function placeOf(hash: number): number {
  const place = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (place ^ (place >>> 13)) >>> 0;
}

/** Log likelihoods of one unit, by language. */
type Values = Float32Array;

/** Pairs of units whose values are kept, a power of two. No pair has the key 0. */
const pairRows = 8_192;

/** The n-grams of one length. Bucket b holds the entries [starts[b], starts[b + 1]). */
interface Level {
  /** What a place is shifted by to give its bucket. */
  readonly shift: number;
  readonly starts: Uint32Array;
  /** Language, likelihood, back-off and fingerprint of each, from the lowest bits up. */
  readonly entries: Uint32Array;
}

/** Entries of one language, by length. */
interface Part {
  readonly places: Uint32Array;
  readonly values: Uint32Array;
  /** Those of length k are [ends[k - 1], ends[k]). */
  readonly ends: readonly number[];
}

/** Which languages there are and how their n-grams are counted. */
export interface CharacterTableShape {
  readonly languages: number;
  readonly order: number;
  /** What is taken from every count and given to shorter n-grams: absolute discounting (Ney, Essen and Kneser 1994). */
  readonly discount: number;
}

/** Unpacks the tries of a model file. Throws where it is damaged. */
export function readTries(bytes: Uint8Array, { languages, order }: CharacterTableShape): CharacterTrie[] {
  const decoder = new BitDecoder(bytes);
  const contexts = createTrieContexts();
  const tries = Array.from({ length: languages }, () => codeTrie(decoder, contexts, order));
  if (decoder.isOverrun) throw new Error('the packed n-grams are cut short');
  return tries;
}

export class CharacterTable {
  readonly shape: CharacterTableShape;
  /** By length; short n-grams lie together, where the processor's cache keeps them. */
  readonly #levels: readonly Level[];
  readonly #values: Values;
  /** What pairs of units say in every language, for the pairs met lately: the row of a pair is where its hash says. */
  readonly #pairKeys = new Int32Array(pairRows);
  readonly #pairs: Float32Array;
  /** Places of the n-grams that end at a unit, by length, and of those that end one before. */
  #current: Float64Array;
  #previous: Float64Array;

  constructor(tries: readonly CharacterTrie[], shape: CharacterTableShape) {
    if (tries.length > languagesMax) throw new Error(`at most ${languagesMax} languages have room`);
    this.shape = shape;
    const parts = tries.map((trie, language) => partOf(trie, language, shape));
    this.#levels = Array.from({ length: shape.order }, (_, length) => createLevel(parts, length + 1));
    this.#values = new Float32Array(shape.languages);
    this.#pairs = new Float32Array(pairRows * shape.languages);
    this.#current = new Float64Array(shape.order + 1);
    this.#previous = new Float64Array(shape.order + 1);
  }

  /** Adds the log likelihood of a word (`units[0..length)`, boundaries included) in every language to `sums`. */
  addWord(units: Uint16Array, length: number, sums: Float64Array): void {
    const values = this.#values;
    const pairs = this.#pairs;
    const languages = values.length;
    this.#locate(units, 0);
    for (let at = 1; at < length; at++) {
      const previous = this.#current;
      this.#current = this.#previous;
      this.#previous = previous;
      this.#locate(units, at);
      const row = this.#pairRow(units[at - 1]!, units[at]!);
      const longest = Math.min(this.shape.order, at + 1);
      for (let language = 0; language < languages; language++) values[language] = pairs[row + language]!;
      for (let size = 3; size <= longest && this.#read(size, values); size++);
      for (let language = 0; language < languages; language++) sums[language]! += values[language]!;
    }
  }

  /** Finds the places of the n-grams that end at a unit. */
  #locate(units: Uint16Array, at: number): void {
    const current = this.#current;
    const longest = Math.min(this.shape.order, at + 1);
    let hash = 0;
    for (let length = 1; length <= longest; length++) {
      hash = (hash + Math.imul(spreads[units[at - length + 1]!]!, powers[length - 1]!)) | 0;
      current[length] = placeOf(hash);
    }
  }

  /** Where the values for the unit just located stand, as far as its pair with the one before says. */
  #pairRow(previous: number, unit: number): number {
    const languages = this.shape.languages;
    const key = (previous << 16) | unit;
    const slot = (Math.imul(key, base) >>> 16) & (pairRows - 1);
    const row = slot * languages;
    if (this.#pairKeys[slot] === key) return row;
    this.#pairKeys[slot] = key;
    const values = this.#pairs.subarray(row, row + languages).fill(unknownLog);
    readLikelihoods(this.#levels[0]!, this.#current[1]!, values);
    if (this.shape.order > 1) this.#read(2, values);
    return row;
  }

  /**
   * What n-grams of one length say of the unit just located: how likely it is, or what not having it costs where its
   * context is known. False where no language knows the context, and thus none knows a longer one.
   */
  #read(length: number, values: Values): boolean {
    if (!readBackOffs(this.#levels[length - 2]!, this.#previous[length - 1]!, values)) return false;
    readLikelihoods(this.#levels[length - 1]!, this.#current[length]!, values);
    return true;
  }
}

/** Charges the languages that know a context; false where none does, and thus none knows a longer one. */
function readBackOffs({ shift, starts, entries }: Level, place: number, values: Values): boolean {
  const bucket = place >>> shift;
  const fingerprint = place & fingerprintMask;
  let isKnown = false;
  for (let at = starts[bucket]!, end = starts[bucket + 1]!; at < end; at++) {
    const entry = entries[at]!;
    if (entry >>> fingerprintShift !== fingerprint) continue;
    values[entry & 127]! += backOffs[(entry >>> 15) & 63]!;
    isKnown = true;
  }
  return isKnown;
}

function readLikelihoods({ shift, starts, entries }: Level, place: number, values: Values): void {
  const bucket = place >>> shift;
  const fingerprint = place & fingerprintMask;
  for (let at = starts[bucket]!, end = starts[bucket + 1]!; at < end; at++) {
    const entry = entries[at]!;
    if (entry >>> fingerprintShift !== fingerprint) continue;
    values[entry & 127] = likelihoods[(entry >>> 7) & 255]!;
  }
}

/** Sorts the entries of one length into buckets of two on average. */
function createLevel(parts: readonly Part[], length: number): Level {
  const range = ({ ends }: Part) => [ends[length - 1]!, ends[length]!] as const;
  const size = parts.reduce((sum, part) => sum + range(part)[1] - range(part)[0], 0);
  const shift = Math.min(31, Math.max(fingerprintBits, 33 - Math.ceil(Math.log2(size + 2))));
  const starts = new Uint32Array(2 ** (32 - shift) + 1);
  for (const part of parts) {
    const [from, to] = range(part);
    for (let at = from; at < to; at++) starts[(part.places[at]! >>> shift) + 1]!++;
  }
  for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
  const next = starts.slice(0, -1);
  const entries = new Uint32Array(size);
  for (const part of parts) {
    const [from, to] = range(part);
    for (let at = from; at < to; at++) entries[next[part.places[at]! >>> shift]!++] = part.values[at]!;
  }
  return { shift, starts, entries };
}

/** Likelihoods of one language's n-grams, interpolated with those of shorter ones, as entries of the table. */
function partOf(trie: CharacterTrie, language: number, { discount, order }: CharacterTableShape): Part {
  const { size, units, counts, children, suffixes } = trie;
  const probabilities = new Float64Array(size);
  const hashes = new Int32Array(size);
  const lengths = new Uint8Array(size);
  const places = new Uint32Array(size - 1);
  const values = new Uint32Array(size - 1);
  const ends = new Array<number>(order + 1).fill(0);
  probabilities[0] = 1 / unknownUnits;
  for (let node = 0; node < size; node++) {
    const [from, to] = [children[node]!, children[node + 1]!];
    let seen = 0;
    let kinds = 0;
    for (let child = from; child < to; child++) {
      if (units[child] === wordStart) continue;
      seen += counts[child]!;
      kinds++;
    }
    const total = Math.max(counts[node]!, seen);
    const left = kinds === 0 ? 1 : (total - seen + discount * kinds) / total;
    for (let child = from; child < to; child++) {
      const shorter = node === 0 ? probabilities[0]! : probabilities[suffixes[child]!]!;
      probabilities[child] = Math.max(0, counts[child]! - discount) / total + left * shorter;
      lengths[child] = lengths[node]! + 1;
      hashes[child] = (Math.imul(hashes[node]!, base) + spreads[units[child]!]!) | 0;
    }
    if (node === 0) continue;
    ends[lengths[node]!]!++;
    const place = placeOf(hashes[node]!);
    const isContext = units[node] !== wordEnd;
    places[node - 1] = place;
    values[node - 1] =
      ((place << fingerprintShift) |
        (level(isContext ? left : 1, backOffSteps, 63) << 15) |
        (level(probabilities[node]!, likelihoodSteps, 255) << 7) |
        language) >>>
      0;
  }
  for (let length = 1; length <= order; length++) ends[length]! += ends[length - 1]!;
  return { places, values, ends };
}

const level = (probability: number, steps: number, highest: number): number =>
  Math.min(highest, Math.max(0, Math.round(-steps * Math.log(probability))));
