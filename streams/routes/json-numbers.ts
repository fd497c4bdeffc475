// Numbers as JSON text, written into bytes: what makes a string of each number otherwise.

const zero = 0x30;
const point = 0x2e;
const millionth = 1e6;

/** Writes a whole number from 0 to 2^53 and returns the place after it. */
export function writeInteger(into: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const tenth = Math.floor(rest / 10);
    into[place] = zero + (rest - 10 * tenth);
    rest = tenth;
  }
  return at + digits;
}

/** Writes a number rounded to six decimals, `null` for what JSON has no number for; returns the place after it. */
export function writeFraction(into: Uint8Array, at: number, value: number): number {
  if (!(value >= 0 && value < 1)) return writeAny(into, at, value);
  let rest = Math.round(value * millionth);
  if (rest === millionth) return writeAny(into, at, 1);
  into[at] = zero;
  into[at + 1] = point;
  for (let place = at + 7; place > at + 1; place--) {
    const tenth = (rest / 10) | 0;
    into[place] = zero + (rest - 10 * tenth);
    rest = tenth;
  }
  return at + 8;
}

function writeAny(into: Uint8Array, at: number, value: number): number {
  const text = JSON.stringify(Math.abs(value) < 1e15 ? Math.round(value * millionth) / millionth : value);
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
  return at + text.length;
}
