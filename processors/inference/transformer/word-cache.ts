// Token ids of words seen before. Bounded: two generations, of which the older is dropped when the younger is full.

const wordsMax = 32_768;
/** Longer words are rare and would fill the memory. */
const lengthMax = 48;

export class WordCache {
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  get(word: string): readonly number[] | undefined {
    const young = this.#young.get(word);
    if (young !== undefined) return young;
    const old = this.#old.get(word);
    if (old !== undefined) this.set(word, old);
    return old;
  }

  set(word: string, ids: readonly number[]): void {
    if (word.length > lengthMax) return;
    if (this.#young.size >= wordsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word, ids);
  }
}
