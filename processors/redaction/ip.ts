// IP addresses. Version 4: four octets that are no version number. Version 6: any of its short forms.
import type { Span } from './span.ts';

const quads = /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)/g;
const isVersion = /(?:\bv|\bver|version|release|build|rel)[.:]?\s{0,3}$/i;
const hexRun = /(?<![\w.:])[\da-fA-F:][\da-fA-F:.]+/g;
const longest = 45;

const isQuad = (text: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) &&
  text.split('.').every((octet) => Number(octet) <= 255 && (octet === '0' || !octet.startsWith('0')));

/** Addresses in a text, `plainDigits` applied. */
export function addresses(text: string): readonly Span[] {
  const found: Span[] = [];
  for (const { 0: match, index } of text.matchAll(quads)) {
    if (!isQuad(match) || isVersion.test(text.slice(Math.max(0, index - 12), index))) continue;
    found.push({ start: index, end: index + match.length });
  }
  for (const { 0: match, index } of text.matchAll(hexRun)) {
    if (match.length > longest + 2) continue;
    const address = match.replace(/(?:\.+|(?<!:):)$/, '');
    const follows = text[index + match.length] ?? '';
    if (address.length <= longest && !/\w/.test(follows) && isVersion6(address))
      found.push({ start: index, end: index + address.length });
  }
  return found.sort((a, b) => a.start - b.start);
}

function isVersion6(text: string): boolean {
  const halves = text.split('::');
  // Without a digit it may as well be a name in a program, as in `std::cafe`.
  if (halves.length > 2 || !text.includes(':') || !/\d/.test(text)) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const endsInQuad = last.includes('.');
  if (endsInQuad && !isQuad(last)) return false;
  const plain = endsInQuad ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false;
  const width = plain.length + (endsInQuad ? 2 : 0);
  return halves.length === 2 ? width >= 1 && width <= 7 : width === 8;
}
