// Figures of answers that are values: of each output, and their mean over outputs.
import type { ValueAnswers } from './answers.ts';
import { kendall, pearson, spearman } from './correlation.ts';
import { meanAbsoluteError, rootMeanSquareError, rSquared, shareWithin } from './values.ts';

/** Names of the figures that get intervals, in the order of `valueFigures`. */
export const valueFigureNames = ['mae', 'rmse', 'r2', 'within5', 'within10', 'spearman', 'pearson'] as const;

/** Figures of one output, in the order of their names; of the drawn rows only where `drawn` says how often. */
export function valueFigures({ truth, said }: ValueAnswers, drawn?: ArrayLike<number>): readonly number[] {
  const [t, s] = drawn === undefined ? [truth, said] : [repeated(truth, drawn), repeated(said, drawn)];
  return [
    meanAbsoluteError(t, s),
    rootMeanSquareError(t, s),
    rSquared(t, s),
    shareWithin(t, s, 5),
    shareWithin(t, s, 10),
    spearman(t, s),
    pearson(t, s),
  ];
}

/** Their mean over outputs. */
export function meanValueFigures(
  outputs: readonly ValueAnswers[],
  drawn?: ArrayLike<number>,
): readonly number[] {
  const each = outputs.map((output) => valueFigures(output, drawn));
  return valueFigureNames.map((_, at) => each.reduce((sum, figures) => sum + figures[at]!, 0) / each.length);
}

/** Kendall's tau-b of the outputs, mean: without an interval. */
export const meanKendall = (outputs: readonly ValueAnswers[]): number =>
  outputs.reduce((sum, { truth, said }) => sum + kendall(truth, said), 0) / outputs.length;

function repeated(values: Float64Array, drawn: ArrayLike<number>): Float64Array {
  const result = new Float64Array(values.length);
  let at = 0;
  for (let row = 0; row < values.length; row++) {
    for (let time = 0; time < drawn[row]!; time++) result[at++] = values[row]!;
  }
  return result.subarray(0, at);
}
