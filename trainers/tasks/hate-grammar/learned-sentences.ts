// Sentences the hate model learns from beside real posts: attacks on groups; and as harmless ones the same attacks on
// others, denied, objected to or reported, kind words about groups, and rudeness that is no hate.
import type { Example } from '../../trainer.ts';
import { parts } from './learned-parts.ts';
import { attacks, attacksOnOne, frames, kindOrNeutral, rudeOnly } from './learned-patterns.ts';

/** Sentences of each label. */
const sentences = 6_000;
/** They are many and alike: one counts for less than a real post. */
const weight = 0.4;

type Random = () => number;
const draw = (items: readonly string[], random: Random): string =>
  items[Math.floor(random() * items.length)]!;

function fill(pattern: string, random: Random): string {
  return pattern.replaceAll(/\{(\w+)\}/gu, (_, name: string) => draw(parts[name]!, random));
}

const attackOn = (who: 'groups' | 'others' | 'things', random: Random): string =>
  fill(draw(attacks, random).replaceAll('{who}', `{${who}}`), random);

const opening = (random: Random): string => (random() < 0.6 ? '' : fill('{start} ', random));

const hateful = (random: Random): string =>
  opening(random) + (random() < 0.3 ? fill(draw(attacksOnOne, random), random) : attackOn('groups', random));

function harmless(random: Random): string {
  const kind = random();
  if (kind < 0.25) return fill(draw(frames, random).replace('{attack}', attackOn('groups', random)), random);
  if (kind < 0.63) return fill(draw(kindOrNeutral, random), random);
  if (kind < 0.75) return opening(random) + attackOn('others', random);
  if (kind < 0.83) return attackOn('things', random);
  return opening(random) + fill(draw(rudeOnly, random), random);
}

/** Some begin with a capital and end with a full stop, as posts do or do not. */
function styled(sentence: string, random: Random): string {
  const text = random() < 0.6 ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence;
  const ending = random();
  return /\p{P}$/u.test(text) || ending < 0.3 ? text : `${text}${ending < 0.85 ? '.' : '!'}`;
}

/** The ways in which words are hidden from filters. */
function disguised(text: string, random: Random): string {
  const way = random();
  const sign = { a: '@', e: '3', i: '1', o: '0', s: '$' } as Readonly<Record<string, string>>;
  if (way < 0.06) return text.replaceAll(/(?<=\w)[aeios](?=\w)/gu, (letter) => sign[letter]!);
  if (way < 0.1)
    return text.replaceAll(/\b\p{L}{5,}\b/gu, (word) => (random() < 0.5 ? [...word].join(' ') : word));
  if (way < 0.16)
    return text.replaceAll(/(?<=\w)[aeiou](?=\w)/gu, (letter) => (random() < 0.7 ? '' : letter));
  if (way < 0.22)
    return text.replaceAll(/[aeiouy](?=\w?\b)/gu, (letter) => letter.repeat(random() < 0.6 ? 4 : 1));
  return text;
}

export const learnedSentences = {
  name: 'sentences written for this project from patterns',
  examples: (random: Random): readonly Example[] =>
    Array.from({ length: 2 * sentences }, (_, at) => {
      const isHate = at % 2 === 0;
      const text = disguised(styled(isHate ? hateful(random) : harmless(random), random), random);
      return { text, labels: [isHate ? 'hate' : 'not-hate'], weight };
    }),
};

const aboutThings = (pattern: string): boolean => pattern.includes('{thing}');
const abuses = rudeOnly.filter((pattern) => !aboutThings(pattern) && !/^(?:fuck,|I am so)/u.test(pattern));
const polite = kindOrNeutral.filter((pattern) => !/slur|bad|nouns|act\}|done/u.test(pattern));
const harmlessAboutThings = rudeOnly.filter(
  (pattern) => aboutThings(pattern) && !/hates|bad|fuck/u.test(pattern),
);

/** Toxic ones are attacks on groups and on people; harmless ones kind or neutral words about groups and things. */
function abusiveOrNot(isToxic: boolean, random: Random): string {
  if (isToxic && random() < 0.5) return hateful(random);
  if (isToxic) return opening(random) + fill(draw(abuses, random), random);
  return fill(draw(random() < 0.5 ? polite : harmlessAboutThings, random), random);
}

/** Sentences the toxicity model learns from. */
export const abusiveSentences = {
  name: 'sentences written for this project from patterns',
  examples: (random: Random): readonly Example[] =>
    Array.from({ length: 4_000 }, (_, at) => {
      const isToxic = at % 2 === 0;
      const text = disguised(styled(abusiveOrNot(isToxic, random), random), random);
      return { text, labels: [isToxic ? 'toxic' : 'not-toxic'], weight: 0.2 };
    }),
};
