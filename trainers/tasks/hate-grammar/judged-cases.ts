// The functional test of the hate model: every judged pattern with some groups in it, and some of them
// disguised.
import { functionalities, judgedGroups } from './judged-patterns.ts';

interface JudgedCase {
  readonly text: string;
  readonly label: string;
  readonly functionality: string;
}

/** Groups that each pattern is filled with: not all, so that no pattern counts for much more than others. */
const groupsPerPattern = 6;

/** The ways in which people hide a word from a filter. */
const disguises: readonly (readonly [name: string, disguise: (text: string) => string])[] = [
  [
    'spelled with signs',
    (text) =>
      text.replaceAll(/[aeios](?=\w)/gu, (letter) => ({ a: '4', e: '3', i: '1', o: '0', s: '$' })[letter]!),
  ],
  ['spelled with spaces', (text) => text.replaceAll(/\b\p{L}{5,}\b/gu, (word) => [...word].join(' '))],
  ['without vowels inside words', (text) => text.replaceAll(/(?<=\w\w)[aeiou](?=\w\w)/gu, '')],
  ['with letters repeated', (text) => text.replaceAll(/[aeiou](?=\w+\b)/gu, (letter) => letter.repeat(3))],
];

/** Every case, always in the same order. */
export function judgedCases(): readonly JudgedCase[] {
  const cases: JudgedCase[] = [];
  let turn = 0;
  for (const { name, label, patterns } of functionalities)
    for (const pattern of patterns) {
      for (const text of filled(pattern, turn++)) cases.push({ text, label, functionality: name });
    }
  const plain = [...cases];
  for (const [at, [name, disguise]] of disguises.entries())
    for (const { text, label } of plain.filter((_, row) => row % 9 === at))
      cases.push({
        text: disguise(text),
        label,
        functionality: `${label === 'hate' ? 'hate' : 'harmless'} ${name}`,
      });
  return [...new Map(cases.map((judged) => [judged.text, judged])).values()];
}

function filled(pattern: string, turn: number): readonly string[] {
  if (!pattern.includes('{')) return [pattern];
  return Array.from({ length: groupsPerPattern }, (_, step) => {
    const [groups, one] = judgedGroups[(turn * 7 + step * 4) % judgedGroups.length]!;
    const article = /^[aeiou]/iu.test(one) ? 'n {one}' : ' {one}';
    const text = pattern
      .replaceAll(/(?<=\ba) \{one\}/giu, article)
      .replaceAll('{groups}', groups)
      .replaceAll('{one}', one);
    return text.charAt(0).toUpperCase() + text.slice(1);
  });
}
