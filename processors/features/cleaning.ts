// Clean-up of a text before anything is counted in it or said about it. Cleaning twice is cleaning once.
import { classAt, isSurrogate, LATIN, LETTER, MARK, PICTOGRAPH, UNSPACED } from './characters.ts';

const PLAIN = 0;
const BLANK = 1;
const LINE_BREAK = 2;
const JUNK = 3;
const SURROGATE = 4;
const JOINER = 5;
const VARIATION = 6;
const COMBINING = 7;

/**
 * More marks on one letter are decoration, and normalising them takes quadratic time. 30 is the bound of the
 * Stream-Safe Text Format (Unicode Standard Annex 15, section 13).
 */
const marksMax = 30;
const replacement = 0xfffd;
/** A flag of England is a black flag, five tag letters and an end; longer runs of tags hide text. */
const tagsMax = 7;

const kindOf = new Uint8Array(65_536);
for (let unit = 0; unit < kindOf.length; unit++) kindOf[unit] = kindOfUnit(unit);

function kindOfUnit(unit: number): number {
  if (isSurrogate(unit)) return SURROGATE;
  if (unit === 0x200c || unit === 0x200d) return JOINER;
  if (unit >= 0xfe00 && unit <= 0xfe0f) return VARIATION;
  const character = String.fromCharCode(unit);
  if (/[\n\v\f\r\u0085\u2028\u2029]/u.test(character)) return LINE_BREAK;
  // The byte order mark counts as a space in JavaScript; it is none.
  if (unit !== 0xfeff && /\s/u.test(character)) return BLANK;
  // Format characters include the direction overrides that make a text look like another.
  if (/[\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/u.test(character)) return JUNK;
  if (/\p{Noncharacter_Code_Point}/u.test(character)) return JUNK;
  return ((classAt(unit) as number) & MARK) === 0 ? PLAIN : COMBINING;
}

/**
 * The text in Unicode form NFC, without control characters, lone surrogates (each becomes U+FFFD), characters of
 * no width and hidden tags; joiners stay where a script or an emoji needs them. Every run of white space becomes
 * one space, or one line break where it holds any; none at either end. Linear in the length of the text.
 */
export function cleanText(text: string): string {
  const clean = isClean(text) ? text : rewrite(text);
  return needsNormalising(clean) ? clean.normalize('NFC') : clean;
}

/** Most texts need no change: this finds them without making anything. It may say no to a clean text. */
function isClean(text: string): boolean {
  let blank = true;
  let marks = 0;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    const kind = kindOf[unit] as number;
    marks = kind === COMBINING ? marks + 1 : 0;
    if (kind === PLAIN) blank = false;
    else if (kind === BLANK || kind === LINE_BREAK) {
      if (blank || (unit !== 0x20 && unit !== 0x0a)) return false;
      blank = true;
    } else if (kind === SURROGATE) {
      // Plane 14 holds the hidden tags.
      if (!isPair(text, place) || unit === 0xdb40) return false;
      blank = false;
      place++;
    } else if (kind !== COMBINING || marks > marksMax) return false;
  }
  return !blank || text === '';
}

/** Below U+0300 every character is its own NFC. */
function needsNormalising(text: string): boolean {
  for (let place = 0; place < text.length; place++) if (text.charCodeAt(place) >= 0x300) return true;
  return false;
}

const isPair = (text: string, place: number): boolean =>
  (text.charCodeAt(place) & 0xfc00) === 0xd800 && (text.charCodeAt(place + 1) & 0xfc00) === 0xdc00;

/** A cleaned text on its way: what was written last decides whether a joiner or a space may follow. */
class Draft {
  #units = new Uint16Array(1024);
  #length = 0;
  #gap = 0;
  #marks = 0;
  #tags = tagsMax;
  #last = 0;
  /** The last character that is no mark. */
  #base = 0;

  start(lengthMax: number): void {
    if (this.#units.length < lengthMax) this.#units = new Uint16Array(lengthMax);
    this.#length = 0;
    this.#gap = 0;
    this.#marks = 0;
    this.#tags = tagsMax;
    this.#last = 0;
    this.#base = 0;
  }

  gap(kind: number): void {
    this.#gap = Math.max(this.#gap, kind);
  }

  add(point: number): void {
    if (this.#gap !== 0 && this.#length > 0) {
      this.#units[this.#length++] = this.#gap === BLANK ? 0x20 : 0x0a;
    }
    this.#gap = 0;
    this.#marks = 0;
    this.#tags = point === 0x1f3f4 ? 0 : tagsMax;
    this.#base = point;
    this.#put(point);
  }

  addMark(point: number): void {
    if (this.#gap !== 0 || this.#length === 0) this.add(point);
    else if (this.#marks < marksMax) {
      this.#marks++;
      this.#put(point);
    }
  }

  addTag(point: number): void {
    if (this.#tags >= tagsMax || this.#gap !== 0) return;
    this.#tags++;
    this.#put(point);
  }

  /** A joiner between letters of a script that joins, or between emoji. */
  addJoiner(point: number, next: number): void {
    if (this.#gap !== 0 || this.#length === 0) return;
    const before = classAt(this.#last);
    const base = classAt(this.#base);
    const after = classAt(next);
    const joinsLetters =
      (before & (LETTER | MARK)) !== 0 && (base & (LETTER | LATIN)) === LETTER && (after & LETTER) !== 0;
    const emojiBefore = (before & PICTOGRAPH) !== 0 || this.#last === 0xfe0f || isSkinTone(this.#last);
    if (joinsLetters || (point === 0x200d && emojiBefore && (after & PICTOGRAPH) !== 0)) this.#put(point);
  }

  /** One variation selector of an emoji or sign; those of plane 14 belong to ideographs only. */
  addVariation(point: number): void {
    if (this.#gap !== 0 || this.#length === 0 || isVariation(this.#last)) return;
    if (point < 0xfe10 || (classAt(this.#last) & (LETTER | UNSPACED)) === (LETTER | UNSPACED))
      this.#put(point);
  }

  text(): string {
    return Buffer.from(this.#units.buffer, 0, this.#length * 2).toString('utf16le');
  }

  #put(point: number): void {
    this.#last = point;
    if (point < 0x10000) this.#units[this.#length++] = point;
    else {
      this.#units[this.#length++] = 0xd7c0 + (point >> 10);
      this.#units[this.#length++] = 0xdc00 | (point & 0x3ff);
    }
  }
}

const isSkinTone = (point: number): boolean => point >= 0x1f3fb && point <= 0x1f3ff;
const isVariation = (point: number): boolean =>
  (point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xe0100 && point <= 0xe01ef);

const draft = new Draft();

function rewrite(text: string): string {
  draft.start(text.length);
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    const kind = kindOf[unit] as number;
    if (kind === PLAIN) draft.add(unit);
    else if (kind === COMBINING) draft.addMark(unit);
    else if (kind === BLANK || kind === LINE_BREAK) draft.gap(kind);
    else if (kind === VARIATION) draft.addVariation(unit);
    else if (kind === JOINER) draft.addJoiner(unit, text.codePointAt(place + 1) ?? 0);
    else if (kind === SURROGATE) {
      if (isPair(text, place)) addPair(text.codePointAt(place++) as number);
      else draft.add(replacement);
    }
  }
  return draft.text();
}

function addPair(point: number): void {
  if (point >= 0xe0000 && point <= 0xe007f) draft.addTag(point);
  else if (point >= 0xe0100 && point <= 0xe01ef) draft.addVariation(point);
  else if ((point & 0xfffe) === 0xfffe || (point >= 0xe0000 && point <= 0xe0fff)) return;
  else if ((classAt(point) & MARK) !== 0) draft.addMark(point);
  else draft.add(point);
}
