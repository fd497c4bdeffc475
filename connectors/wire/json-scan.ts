// The byte path into JSON: finds the wanted fields of an object in one pass over its bytes, without parsing or copying
// anything. It takes what records mostly are (one flat object, no escapes where it looks) and leaves the rest, and
// everything that is not plainly right, to `JSON.parse`: a fast reader that is not sure says so.
import { isUtf8 } from 'node:buffer';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What a field was found to be. */
export const absent = 0;
export const isNull = 1;
/** Between its quotes are valid UTF-8 and no escapes: its bytes are its text. */
export const isText = 2;
/** A number, true or false. */
export const isOther = 3;

/** Of a byte inside a text: it stands for itself, it is part of a longer character, or it ends the text or is none. */
const plainByte = 0;
const highByte = 1;
const endingByte = 2;
const byteKinds = new Uint8Array(256);
byteKinds.fill(endingByte, 0, 0x20).fill(highByte, 0x80);
byteKinds[quote] = endingByte;
byteKinds[backslash] = endingByte;

/** Fields of objects by name, found again and again; what was found stands in it until the next object. */
export class JsonScan {
  /** Per wanted field: one of the constants above. */
  readonly kinds: Uint8Array;
  /** Per wanted field: where its value stands; without the quotes, for texts. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #names: readonly Buffer[];
  #at = 0;
  #isAscii = true;

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name));
    this.kinds = new Uint8Array(names.length);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
  }

  /**
   * Looks at one record's value. False where only `JSON.parse` knows: nested values, escapes in wanted texts or in
   * names, a wanted field twice, whatever is not JSON or not UTF-8.
   */
  scan(bytes: Uint8Array): boolean {
    this.kinds.fill(absent);
    this.#at = 0;
    this.#isAscii = true;
    if (!this.#object(bytes)) return false;
    if (skipBlanks(bytes, this.#at) !== bytes.length) return false;
    return this.#isAscii || isUtf8(bytes);
  }

  #object(bytes: Uint8Array): boolean {
    let at = skipBlanks(bytes, 0);
    if (bytes[at] !== openBrace) return false;
    at = skipBlanks(bytes, at + 1);
    if (bytes[at] === closeBrace) {
      this.#at = at + 1;
      return true;
    }
    for (;;) {
      if (bytes[at] !== quote) return false;
      const end = this.#plainText(bytes, at + 1);
      if (end < 0) return false;
      const field = this.#field(bytes, at + 1, end);
      at = skipBlanks(bytes, end + 1);
      if (bytes[at] !== colon) return false;
      at = this.#value(bytes, skipBlanks(bytes, at + 1), field);
      if (at < 0) return false;
      at = skipBlanks(bytes, at);
      if (bytes[at] === closeBrace) {
        this.#at = at + 1;
        return true;
      }
      if (bytes[at] !== comma) return false;
      at = skipBlanks(bytes, at + 1);
    }
  }

  /** The wanted field of that name, or -1. */
  #field(bytes: Uint8Array, start: number, end: number): number {
    for (let field = 0; field < this.#names.length; field++) {
      const name = this.#names[field]!;
      if (name.length !== end - start) continue;
      let same = 0;
      while (same < name.length && name[same] === bytes[start + same]) same++;
      if (same === name.length) return field;
    }
    return -1;
  }

  /** The place after the value, or -1. */
  #value(bytes: Uint8Array, start: number, field: number): number {
    const isString = bytes[start] === quote;
    const end = isString
      ? field < 0
        ? this.#anyText(bytes, start + 1)
        : this.#plainText(bytes, start + 1)
      : scalarEnd(bytes, start);
    if (end < 0) return -1;
    if (field < 0) return isString ? end + 1 : end;
    if (this.kinds[field] !== absent) return -1;
    this.kinds[field] = isString ? isText : bytes[start] === 0x6e ? isNull : isOther;
    this.starts[field] = isString ? start + 1 : start;
    this.ends[field] = end;
    return isString ? end + 1 : end;
  }

  /** The place of the closing quote of a text without escapes, or -1. */
  #plainText(bytes: Uint8Array, start: number): number {
    const { length } = bytes;
    for (let at = start; at < length; at++) {
      const kind = byteKinds[bytes[at]!]!;
      if (kind === plainByte) continue;
      if (kind === highByte) this.#isAscii = false;
      else return bytes[at] === quote ? at : -1;
    }
    return -1;
  }

  /** The place of the closing quote of any text, or -1. */
  #anyText(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === quote) return at;
      if (byte < 0x20) return -1;
      if (byte > 0x7f) this.#isAscii = false;
      if (byte !== backslash) continue;
      at = escapeEnd(bytes, at);
      if (at < 0) return -1;
    }
    return -1;
  }
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const isHexDigit = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

/** The last place of the escape that begins at `at`, or -1. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  const kind = bytes[at + 1];
  if (kind === undefined) return -1;
  if (kind !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? at + 1 : -1;
  for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(bytes[digit])) return -1;
  return at + 5;
}

/** The place after a number, true, false or null, or -1: objects and arrays are not for this reader. */
function scalarEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === 0x74) return wordEnd(bytes, start, 'true');
  if (first === 0x66) return wordEnd(bytes, start, 'false');
  if (first === 0x6e) return wordEnd(bytes, start, 'null');
  return numberEnd(bytes, start);
}

function wordEnd(bytes: Uint8Array, start: number, word: string): number {
  for (let at = 0; at < word.length; at++) if (bytes[start + at] !== word.charCodeAt(at)) return -1;
  return start + word.length;
}

/** By the grammar of RFC 8259, section 6. */
function numberEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  if (bytes[at] === 0x30) at++;
  else {
    const whole = digitsEnd(bytes, at);
    if (whole === at) return -1;
    at = whole;
  }
  if (bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if ((bytes[at]! | 0x20) !== 0x65) return at;
  at += bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? 2 : 1;
  const exponent = digitsEnd(bytes, at);
  return exponent === at ? -1 : exponent;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at;
}
