// SentencePiece’s precompiled normalization: a double-array trie of UTF-8 keys and the texts that replace them.

/** Letters and signs of Latin, Cyrillic and CJK, none of which joins another to a grapheme: no need to look for those. */
const alone =
  /^[\x20-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u20ac\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*$/;

/**
 * What a grapheme, or else each of its characters, is replaced by. Follows the Rust crate `spm_precompiled` in its
 * oddities too: whole graphemes only below six bytes, and the shortest key that begins one replaces all of it.
 */
export class Charsmap {
  readonly #trie: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  readonly #segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  readonly #replacements = new Map<string, string | null>();
  /** Whether printable ASCII stays as it is: true unless the map folds case. */
  readonly #isAsciiKept: boolean;

  /** `base64`: the length of the trie in bytes, the trie, and the texts, each ended by a zero. */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const trieBytes = bytes.readUInt32LE(0);
    this.#trie = new Uint32Array(trieBytes / 4).map((_, at) => bytes.readUInt32LE(4 + 4 * at));
    this.#texts = bytes.subarray(4 + trieBytes);
    this.#isAsciiKept = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).every(
      (character) => this.#replacementOf(character) === null,
    );
  }

  normalize(text: string): string {
    if (this.#isAsciiKept && /^[\x20-\x7e]*$/.test(text)) return text;
    let normal = '';
    if (alone.test(text)) {
      for (const character of text) normal += this.#replacementOf(character) ?? character;
      return normal;
    }
    for (const { segment } of this.#segmenter.segment(text)) normal += this.#normalizeGrapheme(segment);
    return normal;
  }

  #normalizeGrapheme(grapheme: string): string {
    if (grapheme.length === 1 || Buffer.byteLength(grapheme) < 6) {
      const whole = this.#replacementOf(grapheme);
      if (whole !== null) return whole;
      if (grapheme.length === 1) return grapheme;
    }
    let normal = '';
    for (const character of grapheme) normal += this.#replacementOf(character) ?? character;
    return normal;
  }

  #replacementOf(key: string): string | null {
    const known = this.#replacements.get(key);
    if (known !== undefined) return known;
    const replacement = this.#find(this.#encoder.encode(key));
    if (this.#replacements.size > 20_000) this.#replacements.clear();
    this.#replacements.set(key, replacement);
    return replacement;
  }

  /** The text of the shortest key that the bytes begin with (Aoe’s double array, packed as in darts-clone). */
  #find(bytes: Uint8Array): string | null {
    const trie = this.#trie;
    let node = offsetOf(trie[0]!);
    for (const byte of bytes) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = trie[node];
      if (unit === undefined || (unit & 0x8000_00ff) >>> 0 !== byte) return null;
      node ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.#textAt(trie[node]! & 0x7fff_ffff);
    }
    return null;
  }

  #textAt(start: number): string {
    return this.#decoder.decode(this.#texts.subarray(start, this.#texts.indexOf(0, start)));
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 512) >>> 6);
