// Log likelihoods of texts in every language, word by word; words that come again are remembered.
import type { CharacterTable } from './character-table.ts';
import { WordReader } from './language-words.ts';

/** Words remembered, a power of two, and the longest of them. */
const rows = 4_096;
const unitsMax = 20;

/** Scores texts. One scorer serves one thread; what it remembers changes how fast it answers, never what. */
export class LanguageScorer {
  readonly #table: CharacterTable;
  readonly #reader = new WordReader();
  readonly #languages: number;
  readonly #lengths = new Uint8Array(rows);
  readonly #words = new Uint16Array(rows * unitsMax);
  readonly #scores: Float64Array;

  constructor(table: CharacterTable) {
    this.#table = table;
    this.#languages = table.shape.languages;
    this.#scores = new Float64Array(rows * this.#languages);
  }

  /** Whether there is a letter in the text. */
  hasWords(text: string): boolean {
    this.#reader.open(text);
    return this.#reader.next() > 0;
  }

  /**
   * Adds the log likelihood of the first `wordsMax` words of a text in every language to `sums`. Returns the units it
   * read, word ends counted: 0 for a text without letters.
   */
  score(text: string, wordsMax: number, sums: Float64Array): number {
    const reader = this.#reader;
    reader.open(text);
    let units = 0;
    for (let word = 0; word < wordsMax; word++) {
      const length = reader.next();
      if (length === 0) break;
      units += length - 1;
      if (length > unitsMax) this.#table.addWord(reader.units, length, sums);
      else this.#addRemembered(length, sums);
    }
    return units;
  }

  #addRemembered(length: number, sums: Float64Array): void {
    const scores = this.#scores;
    const languages = this.#languages;
    const row = this.#rowOf(length);
    const from = row * languages;
    if (!this.#holds(row, length)) {
      this.#lengths[row] = length;
      this.#words.set(this.#reader.units.subarray(0, length), row * unitsMax);
      this.#table.addWord(this.#reader.units, length, scores.subarray(from, from + languages).fill(0));
    }
    for (let language = 0; language < languages; language++) sums[language]! += scores[from + language]!;
  }

  #rowOf(length: number): number {
    const { units } = this.#reader;
    let hash = length;
    for (let at = 1; at < length - 1; at++) hash = Math.imul(hash ^ units[at]!, 0x01000193);
    hash ^= hash >>> 15;
    return Math.imul(hash, 0x2c1b3c6d) >>> 20;
  }

  #holds(row: number, length: number): boolean {
    if (this.#lengths[row] !== length) return false;
    const { units } = this.#reader;
    const from = row * unitsMax;
    for (let at = 1; at < length - 1; at++) if (this.#words[from + at] !== units[at]) return false;
    return true;
  }
}
