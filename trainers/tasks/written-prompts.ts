// Prompts written for this project, for kinds of request of which no labelled rows may ship: sentence patterns with
// their parts drawn by a seeded generator. They teach the vocabulary of a request, not its variety.
import type { Example } from '../trainer.ts';
import { advice } from './prompt-grammars/advice.ts';
import { coding } from './prompt-grammars/coding.ts';
import type { Grammar } from './prompt-grammars/grammar.ts';
import { rewriting } from './prompt-grammars/rewriting.ts';

const examplesPerLabel = 600;

export const writtenPrompts = {
  name: 'prompts written for this project from patterns',
  examples: (random: () => number): readonly Example[] =>
    [coding, rewriting, advice].flatMap((grammar) =>
      Array.from({ length: examplesPerLabel }, () => ({
        text: writePrompt(grammar, random),
        labels: [grammar.label],
      })),
    ),
};

function writePrompt({ patterns, parts }: Grammar, random: () => number): string {
  const draw = (items: readonly string[]) => items[Math.floor(random() * items.length)]!;
  return draw(patterns).replace(/\{(\w+)\}/gu, (_, name: string) => draw(parts[name]!));
}
