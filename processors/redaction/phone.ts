// Telephone numbers: international ones, national ones in forms that nothing else has, and others where a word such as
// “call” stands before them. Dates, prices, versions and plain counts are left alone.
import { digitGroups, type Span } from './span.ts';

const run = /(?:\+|\(\+?)?\d(?:[ ()./-]{0,3}\d)*/g;
/** What may not stand right before or after: a number there is a part of an address, a word or a decimal. */
const bound = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d_/=#&@%$€£¥~^]/u;
const groupsMax = 8;
const lengthMax = 26;

const shapes: readonly RegExp[] = [
  // International: +49 30 1234567, 0049 30 1234567, +44 (0)20 7946 0958.
  /^\+[1-9](?:[ ./-]?\(?\d\)?){6,14}$/,
  /^00[1-9](?:[ ./-]?\d){8,13}$/,
  // French: 06 12 34 56 78.
  /^0[1-9]([ .-]?)\d\d(?:\1\d\d){3}$/,
  // A leading zero and an area code: 030 1234567, 0171/1234567, (030) 123 45 67, 020 7946 0958, 090-1234-5678.
  /^\(?0[1-9]\d{0,4}\)?[ /-]{1,3}\d{2,8}(?:[ -]\d{2,6}){0,3}$/,
  /^0[1-9]\d{7,10}$/,
  // North American: (415) 555-0132, 415-555-0132, 1-415-555-0132, 415.555.0132.
  /^(?:1[ .-])?\([2-9]\d\d\)[ .-]{0,2}\d{3}[ .-]?\d{4}$/,
  /^(?:1[ .-])?[2-9]\d\d([.-])[2-9]\d\d\1\d{4}$/,
  // Brazilian (11) 91234-5678; Indian 98765 43210; Chinese 138 1234 5678.
  /^\(\d{2}\) ?9?\d{4}-\d{4}$/,
  /^[6-9]\d{4}[ -]\d{5}$/,
  /^1[3-9]\d([ -]?)\d{4}\1\d{4}$/,
];
const date = /^(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)/;
const called =
  /(?:\b(?:tel|tél|phone|telephone|telefon|teléfono|telefone|fon|mobile|mobil|handy|cell|móvil|whatsapp|call|ruf|rufen|appelez|llama|llame|ligue|sms|fax)\b|тел|телефон|позвони|电话|電話|手机|전화|هاتف|फोन)[^\d\n]{0,16}$/iu;
const calledNumber = /^\(?\d{2,4}\)?(?:[ ./-]?\d){4,11}$/;

/** Numbers in a text, `plainDigits` applied. */
export function phones(text: string): readonly Span[] {
  const found: Span[] = [];
  for (const { 0: match, index } of text.matchAll(run)) {
    // Groups after one that is bound to a word belong to it: an account number, a part number.
    const isBound = match[0] !== '+' && index > 0 && bound.test(text[index - 1]!);
    if (match.length < 7 || isBound) continue;
    const end = index + match.length;
    const groups = digitGroups(text, { start: index, end });
    for (let first = 0; first < groups.length; first += 1) {
      const span = longestPhone(text, groups, { first, from: first === 0 ? index : groups[first - 1]!.end });
      if (!span) continue;
      found.push(span);
      while (first + 1 < groups.length && groups[first + 1]!.start < span.end) first += 1;
    }
  }
  return found;
}

interface Place {
  readonly first: number;
  /** Where marks that belong to the first group may begin: its plus sign and its parenthesis. */
  readonly from: number;
}

function longestPhone(text: string, groups: readonly Span[], { first, from }: Place): Span | null {
  const opening = /(?:\+|\(\+?)$/.exec(text.slice(from, groups[first]!.start))?.[0].length ?? 0;
  const start = groups[first]!.start - opening;
  if (
    start > 0 &&
    (bound.test(text[start - 1]!) || /\d[.,:-]$/.test(text.slice(Math.max(0, start - 2), start)))
  )
    return null;
  const isCalled = called.test(text.slice(Math.max(0, start - 32), start));
  for (let last = Math.min(groups.length, first + groupsMax) - 1; last >= first; last -= 1) {
    const { end } = groups[last]!;
    if (end - start > lengthMax || bound.test(text[end] ?? ' ') || /^[.,:]\d/.test(text.slice(end, end + 2)))
      continue;
    if (isPhone(text.slice(start, end), isCalled)) return { start, end };
  }
  return null;
}

function isPhone(given: string, isCalled: boolean): boolean {
  const digits = given.replace(/\D/g, '').length;
  if (digits < 7 || digits > 15) return false;
  if (shapes[2]!.test(given)) return true;
  if (date.test(given)) return false;
  if (given.startsWith('0') || given.startsWith('(0')) {
    if (digits < 9 && !isCalled) return false;
  }
  return shapes.some((shape) => shape.test(given)) || (isCalled && calledNumber.test(given));
}
