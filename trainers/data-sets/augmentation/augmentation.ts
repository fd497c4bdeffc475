// Augmentation: further examples with the same labels, as people and attackers write them. Off unless a task asks for
// it; everything is drawn from the generator it is given, so that the same seed makes the same examples.
import type { Example } from '../../trainer.ts';
import { homoglyphs, keyboardNeighbours, leet, synonyms, toneEmoji } from './tables.ts';

/** Changes a text; may leave it as it is. */
export type Change = (text: string, random: () => number) => string;

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)]!;
const isLetter = /\p{L}/u;

/** All capitals, all small, a capital at the start of each word, or capitals at random. */
const changeCase: Change = (text, random) => {
  const how = Math.floor(random() * 4);
  if (how === 0) return text.toUpperCase();
  if (how === 1) return text.toLowerCase();
  if (how === 2) return text.replace(/(?<![\p{L}\p{M}])\p{L}/gu, (letter) => letter.toUpperCase());
  return Array.from(text, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter.toLowerCase())).join(
    '',
  );
};

/** Slips of the finger on a QWERTY keyboard, in about `share` of the letters: a neighbour, one too many, one left out, two swapped. */
const slip =
  (share: number): Change =>
  (text, random) => {
    const letters = Array.from(text);
    let out = '';
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at]!;
      if (!isLetter.test(letter) || random() >= share) {
        out += letter;
        continue;
      }
      const how = Math.floor(random() * 4);
      const next = letters[at + 1];
      if (how === 0) out += neighbourOf(letter, random);
      else if (how === 1) out += letter + letter;
      else if (how === 2 && next !== undefined && isLetter.test(next)) {
        out += next + letter;
        at += 1;
      } else if (how === 2) out += letter;
    }
    return out.trim() === '' ? text : out;
  };

function neighbourOf(letter: string, random: () => number): string {
  const neighbours = keyboardNeighbours[letter.toLowerCase()];
  if (neighbours === undefined) return letter;
  const neighbour = pick(Array.from(neighbours), random);
  return letter === letter.toLowerCase() ? neighbour : neighbour.toUpperCase();
}

/** An emoji without a tone of its own behind a sentence or at the end: what it means must not change the label. */
const addEmoji: Change = (text, random) => {
  const emoji = pick(toneEmoji, random).repeat(1 + Math.floor(random() * 2));
  const ends = [...text.matchAll(/[.!?](?=\s)/gu)].map(({ index }) => index + 1);
  const at = ends.length > 0 && random() < 0.5 ? pick(ends, random) : text.length;
  return `${text.slice(0, at)} ${emoji}${text.slice(at)}`;
};

/** Spaces doubled, lost, or between the letters of one word, as filters are evaded. */
const changeSpacing: Change = (text, random) => {
  const how = Math.floor(random() * 3);
  const words = text.split(' ');
  if (how === 0) return words.join('  ');
  if (how === 1 && words.length > 1) {
    const at = Math.floor(random() * (words.length - 1));
    return [...words.slice(0, at), words[at]! + words[at + 1]!, ...words.slice(at + 2)].join(' ');
  }
  return oneWord(text, random, (word) => Array.from(word).join(pick([' ', '.', '-', '*'], random)));
};

/** Letters of one or two words as digits, signs or look-alikes of other scripts, as filters are evaded. */
const disguise: Change = (text, random) => {
  const table = random() < 0.6 ? leet : homoglyphs;
  const change = (word: string) =>
    Array.from(word, (letter) => {
      const choices = table[letter.toLowerCase()];
      return choices !== undefined && random() < 0.7 ? pick(Array.from(choices), random) : letter;
    }).join('');
  const once = oneWord(text, random, change);
  return random() < 0.5 ? once : oneWord(once, random, change);
};

/** Changes one word of four letters or more, drawn evenly. */
function oneWord(text: string, random: () => number, change: (word: string) => string): string {
  const words = [...text.matchAll(/[\p{L}\p{M}]{4,}/gu)];
  if (words.length === 0) return text;
  const { 0: word, index } = pick(words, random);
  return text.slice(0, index) + change(word) + text.slice(index + word.length);
}

/** Words as synonyms of a small table of everyday English, each with a chance of a half; others stay. */
const replaceSynonyms: Change = (text, random) =>
  text.replace(/[\p{L}']+/gu, (word) => {
    const choices = synonyms.get(word.toLowerCase());
    if (choices === undefined || random() < 0.5) return word;
    const choice = pick(choices, random);
    return /^\p{Lu}/u.test(word) ? choice[0]!.toUpperCase() + choice.slice(1) : choice;
  });

const changes = {
  case: changeCase,
  typos: slip(0.06),
  emoji: addEmoji,
  spacing: changeSpacing,
  disguise,
  synonyms: replaceSynonyms,
} as const satisfies Readonly<Record<string, Change>>;

/** The names of all kinds, in the order they are applied in where several hold. */
export const augmentationKinds = ['synonyms', 'typos', 'spacing', 'disguise', 'emoji', 'case'] as const;
export type AugmentationKind = (typeof augmentationKinds)[number];

export interface AugmentationOptions {
  /** The chance of each kind to be applied; those left out are off. */
  readonly kinds: Readonly<Partial<Record<AugmentationKind, number>>>;
  /** Further examples tried for each one; those that come out as the original are left out. Default 1. */
  readonly copies?: number;
}

/** What `Task.augment` takes: changed copies of an example, with its labels, its weight and its slices. */
export function createAugmentation({
  kinds,
  copies = 1,
}: AugmentationOptions): (example: Example, random: () => number) => readonly Example[] {
  return (example, random) =>
    Array.from({ length: copies }, () => {
      let { text } = example;
      for (const kind of augmentationKinds)
        if (kinds[kind] !== undefined && random() < kinds[kind]) text = changes[kind](text, random);
      return { ...example, text };
    }).filter(({ text }) => text !== example.text);
}
