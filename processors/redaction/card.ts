// Numbers of payment cards: 13 to 19 digits in the ranges that card schemes use, with a valid check digit (Luhn).
import { digitGroups, type Span } from './span.ts';

const run = /\d(?:[ -]?\d)*/g;
/** Length and beginning by scheme: Visa, Mastercard, American Express, Diners, Discover, JCB, Maestro, UnionPay. */
const scheme =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,13}|35\d{14}|(?:5[06-8]|6)\d{11,18})$/;
const groupsMax = 8;

/** Card numbers in a text, `plainDigits` applied. */
export function cards(text: string): readonly Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(run)) {
    if (match[0].length < 13) continue;
    const groups = digitGroups(text, { start: match.index, end: match.index + match[0].length });
    for (let first = 0; first < groups.length; first += 1) {
      const last = lastOfCard(text, groups, first);
      if (last === -1) continue;
      found.push({ start: groups[first]!.start, end: groups[last]!.end });
      first = last;
    }
  }
  return found;
}

/** Index of the group that ends the longest card number beginning at group `first`; -1 when there is none. */
function lastOfCard(text: string, groups: readonly Span[], first: number): number {
  let digits = '';
  let found = -1;
  for (let last = first; last < Math.min(groups.length, first + groupsMax); last += 1) {
    const { start, end } = groups[last]!;
    if (digits.length + end - start > 19) break;
    digits += text.slice(start, end);
    if (scheme.test(digits) && holdsLuhn(digits)) found = last;
  }
  return found;
}

function holdsLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const doubled = digit * 2;
    sum += place % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
