// The byte path of a hashed tokenizer: from UTF-8 to ids in one pass, without making a string of anything. A text in
// which a character's lower case is not a matter of that character alone goes the exact path (hashing.ts).
import type { HashingOptions } from '../../../schemas/model-hashing.ts';
import type { TokenRows } from '../model.ts';
import { fnvPrime, fnvStart, hashText } from './hashing.ts';
import { lowerCaseOf, separator, undecided } from './lower-case.ts';

/** Lower case of ASCII letters and digits; 0 for what stands between words. */
const ascii = new Uint8Array(128);
for (let unit = 0; unit < 128; unit++) ascii[unit] = lowerCaseOf(unit);

const firstSize = 4_096;

/** Gathers the ids of texts, one after another, into one `TokenRows`. It is used again and again by one stream. */
export class ByteTokenizer {
  readonly #options: HashingOptions;
  /** Ids of words, or of words and pairs, that a text may have. */
  readonly #room: number;
  readonly #pairs: Int32Array;
  /** For powers of two, the mask that gives the rest of a division. */
  readonly #mask: number;
  readonly #buckets: number;
  readonly #offset: number;
  #ids = new Int32Array(firstSize);
  #ends = new Int32Array(firstSize >> 4);
  #filled = 0;
  #rows = 0;

  constructor(options: HashingOptions) {
    const { buckets, offset, idsMax, prefixIds, suffixIds } = options;
    this.#options = options;
    this.#buckets = buckets;
    this.#offset = offset;
    this.#room = idsMax - prefixIds.length - suffixIds.length;
    this.#pairs = new Int32Array(this.#room);
    this.#mask = (buckets & (buckets - 1)) === 0 ? buckets - 1 : 0;
  }

  /** Texts since the last `take`. */
  get rows(): number {
    return this.#rows;
  }

  /** The next text: valid UTF-8 between two places of `bytes`. */
  addBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#makeRoom();
    const begin = this.#filled;
    this.#frame(this.#options.prefixIds);
    if (!this.#words(bytes, start, end)) {
      this.#filled = begin;
      this.addText(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'));
      return;
    }
    this.#frame(this.#options.suffixIds);
    this.#endRow();
  }

  /** The next text, the exact way. */
  addText(text: string): void {
    this.#makeRoom();
    this.#frame(hashText(text, this.#options));
    this.#endRow();
  }

  /** All texts since the last time; what is returned is the caller’s own. */
  take(): TokenRows {
    const rows = { ids: this.#ids.slice(0, this.#filled), ends: this.#ends.slice(0, this.#rows) };
    this.#filled = 0;
    this.#rows = 0;
    return rows;
  }

  /** Space for one more text, so that nothing below has to look. */
  #makeRoom(): void {
    if (this.#filled + this.#options.idsMax > this.#ids.length) {
      const grown = new Int32Array(2 * this.#ids.length + this.#options.idsMax);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    if (this.#rows < this.#ends.length) return;
    const grown = new Int32Array(2 * this.#ends.length);
    grown.set(this.#ends);
    this.#ends = grown;
  }

  #frame(ids: readonly number[]): void {
    for (let at = 0; at < ids.length; at++) this.#ids[this.#filled++] = ids[at]!;
  }

  #endRow(): void {
    this.#ends[this.#rows++] = this.#filled;
  }

  /**
   * Ids of words and pairs; false where the exact path has to be taken. Each byte is read once: the hash of a pair goes
   * on from that of the word before, beside the hash of the word itself.
   */
  #words(bytes: Uint8Array, start: number, end: number): boolean {
    const room = this.#room;
    const ids = this.#ids;
    const pairs = this.#pairs;
    let filled = this.#filled;
    let words = 0;
    let hash = fnvStart;
    let pair = 0;
    let inWord = false;
    for (let at = start; words < room; ) {
      let lower: number = separator;
      while (at < end && bytes[at]! < 0x80) {
        lower = ascii[bytes[at]!]!;
        if (lower === separator) break;
        hash = Math.imul(hash ^ lower, fnvPrime);
        pair = Math.imul(pair ^ lower, fnvPrime);
        inWord = true;
        at++;
      }
      const isOver = at >= end;
      if (!isOver && bytes[at]! >= 0x80) {
        const width = widthOf(bytes[at]!);
        lower = lowerCaseOf(codePointAt(bytes, at, width));
        if (lower === undecided) return false;
        if (lower !== separator) {
          hash = fnvOf(hash, lower);
          pair = fnvOf(pair, lower);
          inWord = true;
        }
        at += width;
        if (lower !== separator) continue;
      } else at++;
      if (inWord) {
        ids[filled++] = this.#id(hash);
        pairs[words++] = pair;
        pair = Math.imul(hash ^ 0x20, fnvPrime);
        hash = fnvStart;
        inWord = false;
      }
      if (isOver) break;
    }
    this.#filled = filled;
    if (this.#options.bigrams) this.#addPairs(words);
    return true;
  }

  #addPairs(words: number): void {
    const last = Math.min(words, this.#room - words + 1);
    for (let at = 1; at < last; at++) this.#ids[this.#filled++] = this.#id(this.#pairs[at]!);
  }

  #id(hash: number): number {
    if (this.#mask !== 0) return this.#offset + (hash & this.#mask);
    return this.#offset + ((hash >>> 0) % this.#buckets);
  }
}

/** Bytes of a character that begins with a byte above 127. */
const widthOf = (byte: number): number => (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);

/** Decodes valid UTF-8. */
function codePointAt(bytes: Uint8Array, at: number, width: number): number {
  const second = bytes[at + 1]! & 0x3f;
  if (width === 2) return ((bytes[at]! & 0x1f) << 6) | second;
  const third = bytes[at + 2]! & 0x3f;
  if (width === 3) return ((bytes[at]! & 0x0f) << 12) | (second << 6) | third;
  return ((bytes[at]! & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f);
}

/** Goes on with the UTF-8 bytes of a character. */
function fnvOf(state: number, codePoint: number): number {
  if (codePoint < 0x80) return Math.imul(state ^ codePoint, fnvPrime);
  if (codePoint < 0x800) return next(Math.imul(state ^ (0xc0 | (codePoint >> 6)), fnvPrime), codePoint);
  if (codePoint < 0x10000) {
    const first = Math.imul(state ^ (0xe0 | (codePoint >> 12)), fnvPrime);
    return next(next(first, codePoint >> 6), codePoint);
  }
  const first = Math.imul(state ^ (0xf0 | (codePoint >> 18)), fnvPrime);
  return next(next(next(first, codePoint >> 12), codePoint >> 6), codePoint);
}

const next = (state: number, bits: number): number => Math.imul(state ^ (0x80 | (bits & 0x3f)), fnvPrime);
