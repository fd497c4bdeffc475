// Judges a model on held-out examples, through the files that will be served: the figures of its manifest.
import type { Model } from '../../processors/inference/model.ts';
import type { Figures } from '../../schemas/model-figures.ts';
import type { DataSet } from '../task.ts';
import type { Example } from '../trainer.ts';
import {
  type Asking,
  ask,
  type LabelAnswers,
  readLabels,
  readValues,
  ruleOut,
  type ValueAnswers,
} from './answers.ts';
import { bootstrap, percentileInterval } from './bootstrap.ts';
import { calibrationError, reliability } from './confidence.ts';
import { resampledFigures } from './label-figures.ts';
import { wilson } from './proportion.ts';
import { questionsOf, rankingFigureNames, rankingFigures } from './ranking-figures.ts';
import { slicesOf } from './slices.ts';
import { ratesOf, tallyOf } from './tallies.ts';
import { meanValueFigures, valueFigureNames, valueFigures } from './value-figures.ts';

const seed = 1;
/** Rows drawn in all, so that large sets, whose intervals are narrow anyway, do not hold up a training. */
const drawnRowsMax = 2e7;
/** Points within which a value counts as right. */
const pointsRight = 10;

/** Figures of a model over the examples of a set, of which there is at least one. Throws `Misconfigured` for labels it lacks. */
export async function judgeModel(
  model: Model,
  set: Pick<DataSet, 'file' | 'among'>,
  examples: readonly Example[],
  asking: Asking = {},
): Promise<Figures> {
  const { manifest } = model;
  const values = await ask(model, examples, asking);
  if (manifest.activation === 'identity')
    return judgeValues(set.file, readValues(manifest, examples, values), examples, asking);
  if (set.among !== undefined) ruleOut(values, manifest.labels, set.among);
  const answers = readLabels(manifest, examples, values);
  return {
    ...(await judgeLabels(set.file, answers, examples, asking)),
    ...answeredBy(answers, manifest.abstainBelow),
  };
}

async function judgeLabels(
  set: string,
  answers: LabelAnswers,
  examples: readonly Example[],
  { signal }: Asking,
): Promise<Figures> {
  const resampled = resampledFigures(answers);
  const { names } = resampled;
  const plain = resampled.of();
  const draws = await bootstrap(
    { rows: answers.rows, times: timesFor(answers.rows), seed, signal },
    resampled.of,
  );
  const { accuracy, macroF1, ...others } = namedFigures(names, plain);
  const tallies = tallyOf(answers.held, answers.called, answers.labels.length);
  return {
    set,
    samples: answers.rows,
    accuracy: accuracy ?? 0,
    macroF1: macroF1 ?? 0,
    calibrationError: rounded(calibrationError(reliability(answers.confidence, answers.isRight))),
    perLabel: answers.labels.map((label, at) => {
      const { precision, recall, f1, support } = ratesOf(tallies, at);
      return { label, precision: rounded(precision), recall: rounded(recall), f1: rounded(f1), support };
    }),
    ...others,
    intervals: intervalsOf(names, draws),
    ...slicesBy(examples, (row) => answers.isRight[row] === 1),
  };
}

async function judgeValues(
  set: string,
  outputs: readonly ValueAnswers[],
  examples: readonly Example[],
  { signal }: Asking,
): Promise<Figures> {
  const draws = await bootstrap(
    { rows: examples.length, times: timesFor(examples.length), seed, signal },
    (drawn) => meanValueFigures(outputs, drawn),
  );
  const { pearson: _, ...figures } = namedFigures(valueFigureNames, meanValueFigures(outputs));
  const accuracy = figures.within10 ?? 0;
  const perValue = outputs.map((output) => {
    const [mae, rmse, r2, within5, within10, spearman] = valueFigures(output).map(rounded);
    const known = { mae: mae!, rmse: rmse!, r2: r2!, within5: within5!, within10: within10! };
    return { label: output.label, ...known, ...(Number.isFinite(spearman) ? { spearman: spearman! } : {}) };
  });
  const ranked = await judgeRankings(outputs, examples, signal);
  const isRight = (row: number) =>
    outputs.every(({ truth, said }) => Math.abs(truth[row]! - said[row]!) <= pointsRight);
  return {
    set,
    samples: examples.length,
    accuracy,
    macroF1: accuracy,
    calibrationError: 0,
    perLabel: [],
    ...figures,
    ...(outputs.length > 1 ? { perValue } : {}),
    ...ranked.figures,
    intervals: { ...intervalsOf(valueFigureNames, draws), ...ranked.intervals },
    ...slicesBy(examples, isRight),
  };
}

/** Where the rows are pairs: how well the candidates of each question are ordered. */
async function judgeRankings(
  outputs: readonly ValueAnswers[],
  examples: readonly Example[],
  signal: AbortSignal | undefined,
) {
  const questions = questionsOf(examples, outputs);
  if (questions.length === 0) return { figures: {}, intervals: {} };
  const times = timesFor(questions.length);
  const draws = await bootstrap({ rows: questions.length, times, seed, signal }, (drawn) =>
    rankingFigures(questions, drawn),
  );
  return {
    figures: namedFigures(rankingFigureNames, rankingFigures(questions)),
    intervals: intervalsOf(rankingFigureNames, draws),
  };
}

/** How many draws: a thousand, fewer for very large sets. */
export const timesFor = (rows: number): number =>
  Math.max(200, Math.min(1_000, Math.floor(drawnRowsMax / rows)));

/** Figures that have a value, rounded. */
function namedFigures<Name extends string>(
  names: readonly Name[],
  values: readonly number[],
): Partial<Record<Name, number>> {
  const known = names.map((name, at) => [name, rounded(values[at]!)] as const);
  return Object.fromEntries(known.filter(([, value]) => Number.isFinite(value))) as Partial<
    Record<Name, number>
  >;
}

function intervalsOf(names: readonly string[], draws: readonly Float64Array[]): Figures['intervals'] {
  const intervals = names.flatMap((name, at) => {
    const interval = percentileInterval(draws[at]!);
    return interval === null ? [] : [[name, [rounded(interval.low), rounded(interval.high)]] as const];
  });
  return Object.fromEntries(intervals);
}

function slicesBy(examples: readonly Example[], isRight: (row: number) => boolean): Pick<Figures, 'slices'> {
  const slices = slicesOf(examples).map(({ column, value, rows }) => {
    const right = rows.reduce((sum, row) => sum + (isRight(row) ? 1 : 0), 0);
    const { low, high } = wilson(right, rows.length);
    const interval = [rounded(low), rounded(high)] as const;
    return { column, value, samples: rows.length, accuracy: rounded(right / rows.length), interval };
  });
  return slices.length === 0 ? {} : { slices };
}

function answeredBy(
  { rows, confidence, isRight }: LabelAnswers,
  abstainBelow: number | undefined,
): Pick<Figures, 'answered'> {
  if (abstainBelow === undefined) return {};
  let [answered, right] = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (confidence[row]! < abstainBelow) continue;
    answered++;
    right += isRight[row]!;
  }
  if (answered === 0) return {};
  return { answered: { share: rounded(answered / rows), accuracy: rounded(right / answered) } };
}

/** Four places: more would show differences between machines, not between models. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
