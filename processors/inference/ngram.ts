// The featurizer of the n-gram models: a text becomes hashed ids of its words and of the characters inside them.
// Training and serving both call this, so they cannot drift apart.
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';
import { markBits, markedWords, repairWord, standsForLetter, textMarks } from './ngram-marks.ts';

const separator = 0;
const letter = 1;
const symbol = 2;
const apostrophe = 3;

const wordUnitsMax = 64;
const wordStart = 2;
const wordEnd = 3;
const fnvPrime = 0x01000193;
const characterSeed = 0x811c9dc5;
const wordSeed = 0x3c6ef372;
const symbolSeed = 0x9e3779b9;
const leadingSeed = 0x7f4a7c15;
const repairedSeed = 0x51ed270b;
const negatedSeed = 0x68e31da4;
const markSeed = 0x1b56c4e9;
const identityToken = 0x2545f491;

/** Words that a negation reaches. */
const negationReach = 3;
/** Letters that stand alone one after the other until they are read as a word that was spaced out. */
const spacedLettersMin = 3;

const { identities, negations } = markedWords(wordSeed, fnvPrime);

/** Class and lower case of every UTF-16 code unit, so that the inner loop needs no string and no regular expression. */
const { classOf, lowerOf } = createTables();

function createTables(): { classOf: Uint8Array; lowerOf: Uint16Array } {
  const classOf = new Uint8Array(65_536);
  const lowerOf = new Uint16Array(65_536);
  const inWord = /[\p{L}\p{M}\p{Nd}]/u;
  const alone = /[?!¿¡？！؟]|\p{So}/u;
  for (let unit = 0; unit < 65_536; unit++) {
    const character = String.fromCharCode(unit);
    const lower = character.toLowerCase();
    lowerOf[unit] = lower.charCodeAt(0);
    if (alone.test(character)) classOf[unit] = symbol;
    else if (inWord.test(character)) classOf[unit] = letter;
  }
  // Variation selectors are marks, but they decorate symbols and begin no word.
  classOf.fill(separator, 0xfe00, 0xfe10);
  for (const mark of ["'", '’', 'ʼ']) {
    classOf[mark.charCodeAt(0)] = apostrophe;
    lowerOf[mark.charCodeAt(0)] = "'".charCodeAt(0);
  }
  return { classOf, lowerOf };
}

/** Spreads the entropy of a hash into its low bits, which name the bucket. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 15);
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 12);
}

/** Turns texts into feature ids. One featurizer serves one thread: it keeps the words at hand between calls. */
export class Featurizer {
  readonly options: FeaturizerOptions;
  /** The text last read, unit by unit, and a zero behind it: an array is faster to read than a string. */
  #units: Uint16Array = new Uint16Array(1_024);
  #ids: Int32Array = new Int32Array(0);
  #end = 0;
  #limit = 0;
  #wordsSeen = 0;
  #previous = 0;
  #beforePrevious = 0;
  /** Words that the last negation still reaches. */
  #negated = 0;
  /** Hash and number of the single letters read last, one after the other. */
  #spaced = wordSeed;
  #spacedLetters = 0;
  readonly #word = new Uint16Array(wordUnitsMax + 2);
  readonly #repaired = new Uint16Array(wordUnitsMax + 2);

  constructor(options: FeaturizerOptions) {
    this.options = options;
  }

  /**
   * Writes the ids of `text` into `ids` from `start` and returns their end: at most `idsMax` further on, which must
   * fit. Ids below `wordBuckets` are of words, the others of characters. Linear in the text, and stops reading
   * where `idsMax` is reached.
   */
  featurize(text: string, ids: Int32Array, start: number): number {
    this.#read(text);
    this.#begin(ids, start);
    if (this.options.flags) this.#pushMarks(text);
    for (let at = 0; at < text.length && this.#end < this.#limit; ) at = this.#readToken(at, text.length);
    // Marks alone say nothing: a text without words stays empty.
    if (this.#wordsSeen === 0) return start;
    if (this.options.repairs) this.#endSpaced();
    return this.#end;
  }

  #read(text: string): void {
    const { length } = text;
    if (this.#units.length <= length) this.#units = new Uint16Array(2 * length);
    const units = this.#units;
    for (let at = 0; at < length; at++) units[at] = text.charCodeAt(at);
    units[length] = 0;
  }

  #begin(ids: Int32Array, start: number): void {
    this.#ids = ids;
    this.#end = start;
    this.#limit = start + this.options.idsMax;
    this.#wordsSeen = 0;
    this.#negated = 0;
    this.#spaced = wordSeed;
    this.#spacedLetters = 0;
  }

  #pushMarks(text: string): void {
    const marks = textMarks(text);
    this.#pushWord(mix(Math.imul(markSeed ^ (marks >> 8), fnvPrime)));
    for (let bit = 0; bit < markBits; bit++) {
      if ((marks >> bit) & 1) this.#pushWord(mix(Math.imul(markSeed ^ (256 + bit), fnvPrime)));
    }
  }

  #readToken(at: number, to: number): number {
    const unit = this.#units[at]!;
    if (unit >= 0xd800 && unit < 0xdc00) {
      this.#emitWord(Math.imul(Math.imul(symbolSeed ^ unit, fnvPrime) ^ this.#units[at + 1]!, fnvPrime));
      return at + 2;
    }
    const kind = classOf[unit]!;
    if (kind === letter) return this.#readWord(at, to);
    if (kind === symbol) this.#emitWord(Math.imul(symbolSeed ^ unit, fnvPrime));
    return at + 1;
  }

  /** Longer runs without a separator (scripts without spaces, junk) are read in pieces, which bounds the buffer. */
  #readWord(start: number, to: number): number {
    const units = this.#units;
    const { repairs } = this.options;
    const word = this.#word;
    word[0] = wordStart;
    let length = 1;
    let at = start;
    let hash = wordSeed;
    for (; at < to && length <= wordUnitsMax; at++) {
      const unit = units[at]!;
      const kind = classOf[unit]!;
      if (kind !== letter && !(kind === apostrophe && classOf[units[at + 1]!] === letter)) {
        if (!repairs || !standsForLetter(unit)) break;
      }
      const lower = lowerOf[unit]!;
      word[length++] = lower;
      hash = Math.imul(hash ^ lower, fnvPrime);
    }
    word[length++] = wordEnd;
    if (this.options.identities && identities.has(hash)) {
      this.#emitWord(identityToken);
      return at;
    }
    this.#emitWord(hash);
    this.#emitCharacters(length);
    if (this.options.repairs) this.#emitRepaired(length - 1);
    return at;
  }

  /** A disguised word also counts as what was meant, apart from how it was written. */
  #emitRepaired(end: number): void {
    if (end === 2) {
      this.#spaced = Math.imul(this.#spaced ^ this.#word[1]!, fnvPrime);
      this.#spacedLetters++;
      return;
    }
    this.#endSpaced();
    const repairedEnd = repairWord(this.#word, end, this.#repaired);
    if (repairedEnd === 0) return;
    let hash = wordSeed;
    for (let at = 1; at < repairedEnd; at++) hash = Math.imul(hash ^ this.#repaired[at]!, fnvPrime);
    this.#pushWord(mix(hash));
    this.#pushWord(mix(repairedSeed));
  }

  /** Letters one by one that end here count as the word they spell. */
  #endSpaced(): void {
    if (this.#spacedLetters >= spacedLettersMin) {
      this.#pushWord(mix(this.#spaced));
      this.#pushWord(mix(repairedSeed));
    }
    this.#spaced = wordSeed;
    this.#spacedLetters = 0;
  }

  #emitWord(hash: number): void {
    const { words, leadingWords } = this.options;
    this.#pushWord(mix(hash));
    if (words > 1 && this.#wordsSeen > 0) {
      const pair = Math.imul(this.#previous, 0x85ebca6b) ^ hash;
      this.#pushWord(mix(pair));
      if (words > 2 && this.#wordsSeen > 1) {
        this.#pushWord(mix(Math.imul(this.#beforePrevious, 0xc2b2ae35) ^ Math.imul(pair, 0x27d4eb2f)));
      }
    }
    if (this.#wordsSeen < leadingWords) this.#pushWord(mix(Math.imul(hash ^ leadingSeed, 0x165667b1)));
    if (this.options.negations) this.#emitNegated(hash);
    this.#beforePrevious = this.#previous;
    this.#previous = hash;
    this.#wordsSeen++;
  }

  #emitNegated(hash: number): void {
    if (this.#negated > 0) {
      this.#negated--;
      this.#pushWord(mix(Math.imul(hash ^ negatedSeed, 0x165667b1)));
    }
    if (negations.has(hash)) this.#negated = negationReach;
  }

  #pushWord(hash: number): void {
    if (this.#end < this.#limit) this.#ids[this.#end++] = hash & (this.options.wordBuckets - 1);
  }

  #emitCharacters(length: number): void {
    const { charactersMin, charactersMax, wordBuckets, characterBuckets } = this.options;
    const word = this.#word;
    const ids = this.#ids;
    const mask = characterBuckets - 1;
    let end = this.#end;
    const limit = this.#limit;
    for (let start = 0; start < length; start++) {
      const stop = Math.min(start + charactersMax, length);
      const first = start + charactersMin - 1;
      let hash = characterSeed;
      for (let at = start; at < stop; at++) {
        hash = Math.imul(hash ^ word[at]!, fnvPrime);
        if (at >= first && end < limit) ids[end++] = wordBuckets + (mix(hash) & mask);
      }
    }
    this.#end = end;
  }
}
