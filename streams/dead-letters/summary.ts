// What is in the dead letters, in bounded memory: counts by stage, topic and code, and the newest letters.
import type { Letter } from './letters.ts';

/** More kinds than this are counted together; a healthy system has a handful. */
const groupsMax = 1_000;
const otherwise = '(other)';

export interface LetterGroup {
  readonly stage: string;
  readonly topic: string;
  readonly code: string;
  letters: number;
  /** Of the first and the last one, in ms since 1970. */
  first: number;
  last: number;
}

export class LetterSummary {
  readonly #groups = new Map<string, LetterGroup>();
  readonly #newestMax: number;
  #newest: Letter[] = [];
  #letters = 0;

  constructor(newestMax: number) {
    this.#newestMax = newestMax;
  }

  get letters(): number {
    return this.#letters;
  }

  /** Most letters first. */
  get groups(): readonly LetterGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.letters - a.letters);
  }

  /** Newest first. */
  get newest(): readonly Letter[] {
    this.#cut(this.#newestMax);
    return this.#newest;
  }

  add(each: Letter): void {
    this.#letters += 1;
    this.#count(each);
    if (this.#newestMax === 0) return;
    this.#newest.push(each);
    if (this.#newest.length >= 2 * this.#newestMax) this.#cut(this.#newestMax);
  }

  #count({ letter, time }: Letter): void {
    const { stage, fromTopic: topic, code } = letter;
    let key = `${stage}\u0000${topic}\u0000${code}`;
    const isOther = !this.#groups.has(key) && this.#groups.size >= groupsMax;
    if (isOther) key = otherwise;
    const group = this.#groups.get(key);
    if (group) {
      group.letters += 1;
      group.first = Math.min(group.first, time);
      group.last = Math.max(group.last, time);
      return;
    }
    const named = isOther ? { stage: otherwise, topic: otherwise, code: otherwise } : { stage, topic, code };
    this.#groups.set(key, { ...named, letters: 1, first: time, last: time });
  }

  #cut(length: number): void {
    this.#newest.sort((a, b) => b.time - a.time);
    this.#newest = this.#newest.slice(0, length);
  }
}
