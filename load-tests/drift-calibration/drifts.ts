// Injected drift: what the messages of a moved world look like.
import type { Engine } from '../../processors/inference/engine.ts';
import { createAugmentation } from '../../trainers/data-sets/augmentation/augmentation.ts';
import { answerTexts, type Row, readLines } from './rows.ts';

const flipped: Readonly<Record<string, string>> = { positive: 'negative', negative: 'positive' };
const language = 'tr';
/** One letter in seventeen slips, twice over. */
const typos = createAugmentation({ kinds: { typos: 1 } });

/** Rows of each kind of drift, made of undrifted texts and their rows. */
export async function driftedRows(
  engine: Engine,
  texts: readonly string[],
  rows: readonly Row[],
  random: () => number,
): Promise<Readonly<Record<string, readonly Row[]>>> {
  const slip = (text: string): string =>
    typos({ text } as Parameters<typeof typos>[0], random)[0]?.text ?? text;
  const longer = texts.map((text, place) => `${text} ${texts[(place + 1) % texts.length]}`);
  const foreign = readLines('trainers/data/lid/dev.jsonl.gz').filter(({ label }) => label === language);
  const topic = readLines('trainers/data/banking77/test.jsonl.gz');
  const textOf = ({ text }: Readonly<Record<string, string>>): string => text!;
  return {
    'length: two texts in one': await answerTexts(engine, longer),
    'new language: Turkish': await answerTexts(engine, foreign.map(textOf)),
    'new topic: banking': await answerTexts(engine, topic.map(textOf)),
    'label flip': rows.map((row) => ({ ...row, label: flipped[row.label!] ?? row.label! })),
    typos: await answerTexts(
      engine,
      texts.map((text) => slip(slip(text))),
    ),
  };
}
