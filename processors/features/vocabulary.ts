// The distinct words of one text, counted by hash without making strings.

const roundMax = 0xfffffff0;

/**
 * An open-addressing table of 32-bit word hashes that is emptied in constant time. Two words of one hash count as
 * one: with 1,000 distinct words in a text that is expected once in 8,600 texts.
 */
export class Vocabulary {
  distinct = 0;
  /** Words seen exactly once. */
  once = 0;
  #hashes = new Int32Array(256);
  /** `2 × round` for a word seen once in this round, one more for a word seen again; anything less is empty. */
  #seen = new Uint32Array(256);
  #round = 0;
  #mask = 255;

  /** Empties the table and makes room for `wordsMax` words. */
  clear(wordsMax: number): void {
    this.distinct = 0;
    this.once = 0;
    // Twice the room keeps the chains short. A short text uses the front of the table only: that stays in the cache.
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(2 * wordsMax + 1)));
    this.#mask = size - 1;
    if (this.#hashes.length < size) this.#hashes = new Int32Array(size);
    if (this.#seen.length < size || this.#round >= roundMax) {
      this.#seen = new Uint32Array(this.#hashes.length);
      this.#round = 0;
    }
    this.#round += 2;
  }

  add(hash: number): void {
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (;;) {
      const seen = this.#seen[slot] as number;
      if (seen < this.#round) {
        this.#hashes[slot] = hash;
        this.#seen[slot] = this.#round;
        this.distinct++;
        this.once++;
        return;
      }
      if (this.#hashes[slot] === hash) {
        if (seen === this.#round) this.once--;
        this.#seen[slot] = this.#round + 1;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
  }
}
