// The marks that mean something between words: questions, quotes, code, mentions, hashtags, mail.
import { domainEnd } from './addresses.ts';
import { classAt, DIGIT, LETTER, MARK } from './characters.ts';

export const NOTHING = 0;
const QUESTION = 1;
const EXCLAMATION = 2;
/** May end a sentence; what follows decides. */
export const DOT = 3;
export const QUOTE = 4;
const BACKTICK = 5;
const AT = 6;
const HASH = 7;
/** A question mark in Greek, a semicolon elsewhere. */
export const GREEK_QUESTION = 8;

const marks: readonly (readonly [number, string])[] = [
  [QUESTION, '?？﹖؟՞፧⁇⁈⁉‽⸮︖꘏⳺⳻'],
  [EXCLAMATION, '!！﹗՜‼︕߹᥄'],
  [DOT, '.…․﹒'],
  [QUOTE, '"“”„‟«»「」『』《》〝〞＂'],
  [BACKTICK, '`'],
  [AT, '@'],
  [HASH, '#＃'],
  [GREEK_QUESTION, ';'],
];

/** What a UTF-16 unit means between words. */
export const markOf = new Uint8Array(65_536);
for (const [meaning, units] of marks) {
  for (const unit of units) markOf[unit.charCodeAt(0)] = meaning;
}

/** Counts of one text, mark by mark. */
export class Marks {
  questionMarks = 0;
  exclamationMarks = 0;
  /** Quoted passages. */
  quotes = 0;
  codeBlocks = 0;
  emails = 0;
  mentions = 0;
  hashtags = 0;
  #inQuote = false;
  #inFence = false;
  #inSpan = false;

  clear(): void {
    this.questionMarks = this.exclamationMarks = this.quotes = this.codeBlocks = 0;
    this.emails = this.mentions = this.hashtags = 0;
    this.#inQuote = this.#inFence = this.#inSpan = false;
  }

  /** Counts the mark at `place`; returns where reading goes on. */
  read(text: string, place: number): number {
    const meaning = markOf[text.charCodeAt(place)] as number;
    if (meaning === QUESTION) this.questionMarks++;
    else if (meaning === EXCLAMATION) this.exclamationMarks++;
    else if (meaning === GREEK_QUESTION) this.questionMarks += isAfterGreek(text, place) ? 1 : 0;
    else if (meaning === QUOTE) this.#quote(text, place);
    else if (meaning === HASH) this.#hash(text, place);
    else if (meaning === BACKTICK) return this.#code(text, place);
    else if (meaning === AT) return this.#at(text, place);
    return place + 1;
  }

  /** Armenian sets the marks of a question and of an exclamation on the stressed vowel, inside the word. */
  countInside(unit: number): void {
    if (markOf[unit] === QUESTION) this.questionMarks++;
    else if (markOf[unit] === EXCLAMATION) this.exclamationMarks++;
  }

  /** An inch mark after a number opens nothing. */
  #quote(text: string, place: number): void {
    if (this.#inQuote) this.quotes++;
    const opens = text.charCodeAt(place) !== 0x22 || !isWordUnit(text, place - 1);
    this.#inQuote = !this.#inQuote && opens;
  }

  #code(text: string, start: number): number {
    let end = start + 1;
    while (text.charCodeAt(end) === 0x60) end++;
    if (end - start >= 3) {
      this.#inFence = !this.#inFence;
      if (this.#inFence) this.codeBlocks++;
    } else if (!this.#inFence) {
      if (this.#inSpan) this.codeBlocks++;
      this.#inSpan = !this.#inSpan;
    }
    return end;
  }

  #at(text: string, place: number): number {
    if (!isWordUnit(text, place - 1)) {
      if (isWordUnit(text, place + 1)) this.mentions++;
      return place + 1;
    }
    const end = domainEnd(text, place + 1);
    if (end > place + 1) this.emails++;
    return end;
  }

  #hash(text: string, place: number): void {
    // `&#39;` is how careless systems write an apostrophe.
    if (text.charCodeAt(place - 1) === 0x26 || isWordUnit(text, place - 1)) return;
    const next = text.charCodeAt(place + 1);
    if ((classAt(next) & LETTER) !== 0 || next === 0x5f) this.hashtags++;
  }
}

const isWordUnit = (text: string, place: number): boolean =>
  (classAt(text.charCodeAt(place)) & (LETTER | MARK | DIGIT)) !== 0;

/** Greek asks with a semicolon. */
export function isAfterGreek(text: string, place: number): boolean {
  const before = text.charCodeAt(place - 1);
  return (before >= 0x370 && before <= 0x3ff) || (before >= 0x1f00 && before <= 0x1fff);
}
