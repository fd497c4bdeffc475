// A part of a text, in UTF-16 code units, `end` left out.
export interface Span {
  readonly start: number;
  readonly end: number;
}

// Digits and separators of other scripts, each one code unit, as ASCII; what is found keeps its place.
const foreign = /[٠-٩۰-۹०-९০-৯０-９\u00a0\u2007\u2009\u202f\u3000\u2010-\u2015\u2212－．：＋（）＠]/g;
const zeros = [0x0660, 0x06f0, 0x0966, 0x09e6, 0xff10];
const marks: Readonly<Record<string, string>> = {
  '－': '-',
  '．': '.',
  '：': ':',
  '＋': '+',
  '（': '(',
  '）': ')',
  '＠': '@',
};

/** The text with digits, spaces, dashes and signs of other scripts written in ASCII; as long as it was. */
export const plainDigits = (text: string): string =>
  text.replace(foreign, (character) => {
    const code = character.charCodeAt(0);
    const zero = zeros.find((first) => code >= first && code < first + 10);
    if (zero !== undefined) return String(code - zero);
    return marks[character] ?? (code >= 0x2010 && code <= 0x2212 && code !== 0x202f ? '-' : ' ');
  });

/** Groups of digits in a run such as `4111 1111-1111 1111`, as places in the text. */
export function digitGroups(text: string, { start, end }: Span): readonly Span[] {
  const groups: Span[] = [];
  for (const match of text.slice(start, end).matchAll(/\d+/g))
    groups.push({ start: start + match.index, end: start + match.index + match[0].length });
  return groups;
}
