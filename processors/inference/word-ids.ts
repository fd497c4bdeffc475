// Words of a text as numbers, for models that read words in their order: known words, and buckets for all others.

const wordPattern = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*|[?!]|\p{So}/gu;

/** Words in lower case, in the order of the text; question and exclamation marks and emoji are words too. */
export const plainWords = (text: string): readonly string[] =>
  (text.match(wordPattern) ?? []).map((word) => word.toLowerCase().replaceAll('’', "'"));

/** Numbers words: 0 is padding, 1 to n are the vocabulary's, what follows are buckets that other words share. */
export class WordNumbers {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #hashBuckets: number;
  readonly wordsMax: number;

  constructor(vocabulary: readonly string[], hashBuckets: number, wordsMax: number) {
    this.#numbers = new Map(vocabulary.map((word, at) => [word, at + 1]));
    this.#hashBuckets = hashBuckets;
    this.wordsMax = wordsMax;
  }

  /** Numbers there are, padding counted. */
  get size(): number {
    return 1 + this.#numbers.size + this.#hashBuckets;
  }

  /** The first `wordsMax` words of each text, padded to that length: row-major. */
  read(texts: readonly string[]): Int32Array<ArrayBuffer> {
    const ids = new Int32Array(texts.length * this.wordsMax);
    texts.forEach((text, row) => {
      const words = plainWords(text).slice(0, this.wordsMax);
      words.forEach((word, at) => {
        ids[row * this.wordsMax + at] = this.#numberOf(word);
      });
    });
    return ids;
  }

  #numberOf(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    let hash = 0x811c9dc5;
    for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
    return 1 + this.#numbers.size + (((hash ^ (hash >>> 15)) >>> 0) % this.#hashBuckets);
  }
}
