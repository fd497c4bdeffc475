// The errors worth reading first: those a model was surest of, and values that are furthest off.
import type { Example } from '../trainer.ts';
import type { LabelAnswers, ValueAnswers } from './answers.ts';
import { descending } from './curves.ts';
import { type Evaluation, known } from './evaluation.ts';
import type { LabelSets } from './tallies.ts';

const errorsMax = 40;
const textCharacters = 240;

/** Wrong answers, the most confident first. */
export function worstLabels(answers: LabelAnswers, examples: readonly Example[]): Evaluation['worst'] {
  const { confidence, isRight } = answers;
  const wrong = descending(confidence)
    .filter((row) => !isRight[row])
    .slice(0, errorsMax);
  return [...wrong].map((row) => ({
    row: row + 1,
    text: cutText(examples[row]!),
    held: heldText(answers, row),
    said: saidText(answers, row),
    severity: known(confidence[row]!)!,
  }));
}

/** Values that are furthest off in any output. */
export function worstValues(
  outputs: readonly ValueAnswers[],
  examples: readonly Example[],
): Evaluation['worst'] {
  const gaps = Float64Array.from(examples, (_, row) =>
    Math.max(...outputs.map(({ truth, said }) => Math.abs(truth[row]! - said[row]!))),
  );
  const list = (pick: (output: ValueAnswers) => number) =>
    outputs
      .map((output) => `${outputs.length > 1 ? `${output.label} ` : ''}${known(pick(output))}`)
      .join(', ');
  return [...descending(gaps).slice(0, errorsMax)].map((row) => ({
    row: row + 1,
    text: cutText(examples[row]!),
    held: list(({ truth }) => truth[row]!),
    said: list(({ said }) => said[row]!),
    severity: known(gaps[row]!)!,
  }));
}

/** The labels that hold in a row. */
export const heldText = ({ labels, held }: LabelAnswers, row: number): string => namesIn(labels, held, row);

/** The answer about a row: the leading label or, with sigmoid, all that are called. */
export const saidText = ({ labels, leading, called, activation }: LabelAnswers, row: number): string =>
  activation === 'softmax' ? labels[leading[row]!]! : namesIn(labels, called, row);

const namesIn = (labels: readonly string[], sets: LabelSets, row: number): string =>
  [...sets.labels.subarray(sets.offsets[row], sets.offsets[row + 1])]
    .map((label) => labels[label]!)
    .join(', ') || '(none)';

/** A text short enough for a table, whole characters only, its second text after a bar. */
export function cutText({ text, second }: Example): string {
  const whole = (second === undefined ? text : `${text} | ${second}`).replaceAll(/\s+/gu, ' ');
  const characters = Array.from(whole.slice(0, 2 * textCharacters));
  return characters.length > textCharacters ? `${characters.slice(0, textCharacters - 1).join('')}…` : whole;
}
