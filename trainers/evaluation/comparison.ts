// Compares two models on the same rows: what each draw of the bootstrap gives one, it gives the other, so that what
// both find hard cancels out of the difference.
import { Misconfigured } from '../../schemas/errors.ts';
import type { Example } from '../trainer.ts';
import type { LabelAnswers, ValueAnswers } from './answers.ts';
import { bootstrap, percentileInterval } from './bootstrap.ts';
import type { Answered, Evaluating, JudgedSet } from './evaluate.ts';
import { type Comparison, known } from './evaluation.ts';
import { type Resampled, resampledFigures } from './label-figures.ts';
import { mcNemar } from './significance.ts';
import { type Slice, slicesOf } from './slices.ts';
import { meanValueFigures, valueFigureNames } from './value-figures.ts';
import { cutText, heldText, saidText } from './worst-errors.ts';

/** A release and its answers about the set. */
export interface Contender {
  readonly release: string;
  readonly answered: Answered;
}

/** Points within which a value counts as right. */
const pointsRight = 10;
const disagreementsMax = 30;

/** Compares `first` with `second`. Throws `Misconfigured` where one labels and the other scores. */
export async function compare(
  first: Contender,
  second: Contender,
  set: JudgedSet,
  options: Evaluating,
): Promise<Comparison> {
  const [a, b] = [sideOf(first, set.examples), sideOf(second, set.examples)];
  if ((first.answered.labels === undefined) !== (second.answered.labels === undefined))
    throw new Misconfigured(
      `${first.release} and ${second.release} cannot be compared: one labels, the other scores`,
      {
        code: 'not-comparable',
        fix: 'Compare releases of the same task.',
      },
    );
  const names = a.resampled.names.filter((name) => b.resampled.names.includes(name));
  const slices = slicesOf(set.examples);
  const draws = await bootstrap({ rows: set.examples.length, ...options }, (drawn) => [
    ...differences(names, a.resampled, b.resampled, drawn),
    ...slices.map(({ rows }) => shareRight(a, rows, drawn) - shareRight(b, rows, drawn)),
  ]);
  const whole = [pick(names, a.resampled), pick(names, b.resampled)] as const;
  const counts = countRight(a, b);
  return {
    first: first.release,
    second: second.release,
    set: set.name,
    samples: set.examples.length,
    bootstrap: { times: options.times, seed: options.seed },
    differences: Object.fromEntries(
      names.map((name, at) => [name, differenceOf(whole[0][at]!, whole[1][at]!, draws[at])]),
    ),
    mcNemar: mcNemar(counts.onlyFirst, counts.onlySecond),
    bothRight: counts.bothRight,
    bothWrong: counts.bothWrong,
    slices: slices.map((slice, at) => compareSlice(slice, a, b, draws[names.length + at])),
    onlyFirstRight: disagreements(a, b, set.examples, (row) => a.isRight[row]! > b.isRight[row]!),
    onlySecondRight: disagreements(a, b, set.examples, (row) => a.isRight[row]! < b.isRight[row]!),
  };
}

interface Side {
  readonly resampled: Resampled;
  readonly isRight: Uint8Array;
  readonly confidence: Float64Array | undefined;
  readonly held: (row: number) => string;
  readonly said: (row: number) => string;
}

function sideOf({ answered }: Contender, examples: readonly Example[]): Side {
  return answered.labels ? labelSide(answered.labels) : valueSide(answered.values, examples.length);
}

const labelSide = (answers: LabelAnswers): Side => ({
  resampled: resampledFigures(answers),
  isRight: answers.isRight,
  confidence: answers.confidence,
  held: (row) => heldText(answers, row),
  said: (row) => saidText(answers, row),
});

function valueSide(outputs: readonly ValueAnswers[], rows: number): Side {
  const isClose = (row: number) =>
    outputs.every(({ truth, said }) => Math.abs(truth[row]! - said[row]!) <= pointsRight);
  const list = (value: (output: ValueAnswers) => number) =>
    outputs.map((output) => known(value(output))).join(', ');
  return {
    resampled: { names: valueFigureNames, of: (drawn) => meanValueFigures(outputs, drawn) },
    isRight: Uint8Array.from({ length: rows }, (_, row) => (isClose(row) ? 1 : 0)),
    confidence: undefined,
    held: (row) => list(({ truth }) => truth[row]!),
    said: (row) => list(({ said }) => said[row]!),
  };
}

function pick(
  names: readonly string[],
  { names: all, of }: Resampled,
  drawn?: Int32Array,
): readonly number[] {
  const values = of(drawn);
  return names.map((name) => values[all.indexOf(name)]!);
}

function differences(
  names: readonly string[],
  a: Resampled,
  b: Resampled,
  drawn: Int32Array,
): readonly number[] {
  const [first, second] = [pick(names, a, drawn), pick(names, b, drawn)];
  return first.map((value, at) => value - second[at]!);
}

function differenceOf(first: number, second: number, draws: Float64Array | undefined) {
  const interval = draws === undefined ? null : percentileInterval(draws);
  const ends = interval === null ? {} : { low: known(interval.low), high: known(interval.high) };
  return {
    first: known(first),
    second: known(second),
    difference: { value: known(first - second), ...ends },
  };
}

function compareSlice(
  slice: Slice,
  a: Side,
  b: Side,
  draws: Float64Array | undefined,
): Comparison['slices'][number] {
  const { column, value, rows } = slice;
  const [first, second] = [shareRight(a, rows), shareRight(b, rows)];
  return { column, value, samples: rows.length, ...differenceOf(first, second, draws), first, second };
}

/** Share of some rows that is right; 0 where none of them was drawn. */
function shareRight({ isRight }: Side, rows: Int32Array, drawn?: Int32Array): number {
  let [right, total] = [0, 0];
  for (const row of rows) {
    const weight = drawn === undefined ? 1 : drawn[row]!;
    right += weight * isRight[row]!;
    total += weight;
  }
  return total === 0 ? 0 : right / total;
}

function countRight(a: Side, b: Side) {
  const counts = { bothRight: 0, onlyFirst: 0, onlySecond: 0, bothWrong: 0 };
  for (let row = 0; row < a.isRight.length; row++) {
    if (a.isRight[row]) counts[b.isRight[row] ? 'bothRight' : 'onlyFirst']++;
    else counts[b.isRight[row] ? 'onlySecond' : 'bothWrong']++;
  }
  return counts;
}

/** Rows that only one got right, those first about which both together were surest. */
function disagreements(
  a: Side,
  b: Side,
  examples: readonly Example[],
  isOne: (row: number) => boolean,
): Comparison['onlyFirstRight'] {
  const sureness = (row: number) => (a.confidence?.[row] ?? 0) + (b.confidence?.[row] ?? 0);
  const rows = examples.flatMap((_, row) => (isOne(row) ? [row] : []));
  return rows
    .sort((x, y) => sureness(y) - sureness(x))
    .slice(0, disagreementsMax)
    .map((row) => ({
      row: row + 1,
      text: cutText(examples[row]!),
      held: a.held(row),
      first: a.said(row),
      second: b.said(row),
    }));
}
