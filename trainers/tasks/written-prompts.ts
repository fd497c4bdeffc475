// Prompts written for this project, for kinds of request of which few labelled rows may ship: sentence patterns with
// their parts drawn by a seeded generator. They teach the vocabulary of a request, not its variety.
import { createRandom } from '../random.ts';
import type { Example } from '../trainer.ts';
import { advice } from './prompt-grammars/advice.ts';
import { brainstorming } from './prompt-grammars/brainstorming.ts';
import { classification } from './prompt-grammars/classification.ts';
import { coding } from './prompt-grammars/coding.ts';
import { changes, reactions } from './prompt-grammars/follow-ups.ts';
import type { Grammar } from './prompt-grammars/grammar.ts';
import { maths } from './prompt-grammars/maths.ts';
import { openings } from './prompt-grammars/openings.ts';
import { pastedRequests } from './prompt-grammars/pasted-requests.ts';
import { questions } from './prompt-grammars/questions.ts';
import { rewriting } from './prompt-grammars/rewriting.ts';
import { writing } from './prompt-grammars/writing.ts';

/** Prompts of each grammar, and what one counts beside a prompt that somebody really asked. */
const counts: readonly (readonly [Grammar, number])[] = [
  [coding, 300],
  [rewriting, 300],
  [advice, 200],
  [writing, 400],
  [classification, 200],
  [maths, 200],
  [brainstorming, 250],
  [questions, 250],
  [changes, 150],
  [reactions, 250],
];
const weight = 0.3;
/** Some people begin with something else, which says nothing about what they want. */
const shareOpened = 0.15;

export const writtenPrompts = {
  name: 'prompts written for this project from patterns',
  examples: (random: () => number): readonly Example[] =>
    counts.flatMap(([grammar, count]) =>
      Array.from({ length: count }, () => ({
        text: writePrompt(grammar, random),
        labels: [grammar.label],
        weight,
      })),
    ),
};

function writePrompt({ patterns, parts }: Grammar, random: () => number): string {
  const opening = random() < shareOpened ? `${draw(openings, random)} ` : '';
  const prompt = draw(patterns, random).replace(/\{(\w+)\}/gu, (_, name: string) =>
    draw(parts[name]!, random),
  );
  return opening + prompt;
}

const wordsPasted = 120;
/** Most people ask first and paste then. */
const shareBefore = 0.7;

/**
 * A written request with the passage it is about. The label is drawn too, whatever the passage was used for where it
 * comes from, so that passages of every kind meet requests of every kind. The same passage gives the same prompt.
 */
export function pastedPrompt(passage: string): Pick<Example, 'text' | 'labels'> {
  const seed = [...passage].reduce((hash, character) => Math.imul(hash, 31) + character.codePointAt(0)!, 7);
  const random = createRandom(seed);
  const label = draw(Object.keys(pastedRequests), random);
  const request = draw(pastedRequests[label]!, random);
  const cut = passage.split(/\s+/u).slice(0, wordsPasted).join(' ');
  const text = random() < shareBefore ? `${request}\n${cut}` : `${cut}\n${request}`;
  return { text, labels: [label] };
}

const draw = <Item>(items: readonly Item[], random: () => number): Item =>
  items[Math.floor(random() * items.length)]!;
