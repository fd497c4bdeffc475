// Evaluates a model on a set of examples: figures with intervals, curves, slices, worst errors.
import type { Model } from '../../processors/inference/model.ts';
import type { Example } from '../trainer.ts';
import { answeringCurve } from './abstention.ts';
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
import { reliability } from './confidence.ts';
import { confusionOf } from './confusion.ts';
import { averagePrecision, precisionRecallCurve, rocAuc, rocCurve, thinned } from './curves.ts';
import { type Evaluation, type Figure, known } from './evaluation.ts';
import { holdingOf, plainFigures, resampledFigures } from './label-figures.ts';
import { wilson } from './proportion.ts';
import { questionsOf, rankingFigureNames, rankingFigures } from './ranking-figures.ts';
import { slicesOf } from './slices.ts';
import { ratesOf, tallyOf } from './tallies.ts';
import { meanKendall, meanValueFigures, valueFigureNames, valueFigures } from './value-figures.ts';
import { worstLabels, worstValues } from './worst-errors.ts';

export interface JudgedSet {
  readonly name: string;
  readonly examples: readonly Example[];
  /** Judged as if the model had these labels only. */
  readonly among?: readonly string[] | undefined;
}

export interface Evaluating extends Asking {
  readonly seed: number;
  /** Draws of the bootstrap. */
  readonly times: number;
}

/** A model's answers about a set, kept so that two models can be compared row by row. */
export type Answered =
  | { readonly labels: LabelAnswers; readonly values?: never }
  | { readonly values: readonly ValueAnswers[]; readonly labels?: never };

const curvePointsMax = 200;
const curvesMax = 8;
const pairsMax = 2_000;

/** Asks a model about every example of a set. Throws `Misconfigured` where the set does not fit the model. */
export async function answerSet(
  model: Model,
  { examples, among }: JudgedSet,
  asking: Asking,
): Promise<Answered> {
  const { manifest } = model;
  const said = await ask(model, examples, asking);
  if (manifest.activation === 'identity') return { values: readValues(manifest, examples, said) };
  if (among !== undefined) ruleOut(said, manifest.labels, among);
  return { labels: readLabels(manifest, examples, said) };
}

/** Everything about a model on a set of at least one example, but how fast it is. */
export async function evaluate(
  { manifest }: Pick<Model, 'manifest'>,
  bytes: number,
  set: JudgedSet,
  answered: Answered,
  options: Evaluating,
): Promise<Evaluation> {
  const { release, kind, activation, labels } = manifest;
  const part = answered.labels
    ? await evaluateLabels(answered.labels, set, options)
    : await evaluateValues(answered.values, set, options);
  return {
    release,
    kind,
    activation,
    labels,
    set: set.name,
    samples: set.examples.length,
    bootstrap: { times: options.times, seed: options.seed },
    ...part,
    bytes,
  };
}

async function evaluateLabels(answers: LabelAnswers, { examples }: JudgedSet, options: Evaluating) {
  const resampled = resampledFigures(answers);
  const draws = await bootstrap({ rows: answers.rows, ...options }, resampled.of);
  const plain = Object.entries(plainFigures(answers)).map(
    ([name, value]) => [name, { value: known(value) }] as const,
  );
  const { labels, isSingle, confidence, isRight, held, leading } = answers;
  const confusion = confusionOf(held.labels, leading, isSingle ? labels.length : 0);
  const rowsOfConfusion = labels.map((_, label) => [
    ...confusion.counts.subarray(label * labels.length, (label + 1) * labels.length),
  ]);
  return {
    figures: { ...withIntervals(resampled.names, resampled.of(), draws), ...Object.fromEntries(plain) },
    labelling: {
      perLabel: perLabelOf(answers),
      confusion: isSingle ? rowsOfConfusion : null,
      reliability: reliability(confidence, isRight),
      curves: curvesOf(answers),
      answering: thinned(answeringCurve(confidence, isRight), curvePointsMax),
    },
    slices: slicesOf(examples).map(({ column, value, rows }) => {
      const drawn = new Int32Array(answers.rows);
      for (const row of rows) drawn[row] = 1;
      const right = rows.reduce((sum, row) => sum + isRight[row]!, 0);
      const { low, high } = wilson(right, rows.length);
      const accuracy = { value: known(right / rows.length), low: known(low), high: known(high) };
      const macroF1 = { value: known(resampled.of(drawn)[resampled.names.indexOf('macroF1')]!) };
      return { column, value, samples: rows.length, figures: { accuracy, macroF1 } };
    }),
    worst: worstLabels(answers, examples),
  };
}

async function evaluateValues(
  outputs: readonly ValueAnswers[],
  { examples }: JudgedSet,
  options: Evaluating,
) {
  const rows = examples.length;
  const draws = await bootstrap({ rows, ...options }, (drawn) => [
    ...meanValueFigures(outputs, drawn),
    ...outputs.flatMap((output) => (outputs.length > 1 ? valueFigures(output, drawn) : [])),
  ]);
  const overall = withIntervals(valueFigureNames, meanValueFigures(outputs), draws);
  const width = valueFigureNames.length;
  return {
    figures: {
      ...(await rankedFigures(outputs, examples, options)),
      ...overall,
      kendall: { value: known(meanKendall(outputs)) },
    },
    values: outputs.map((output, at) => {
      const own =
        outputs.length > 1 ? draws.slice((at + 1) * width, (at + 2) * width) : draws.slice(0, width);
      const pairs = Array.from(output.truth, (truth, row) => [truth, known(output.said[row]!) ?? 0] as const);
      return {
        label: output.label,
        figures: withIntervals(valueFigureNames, valueFigures(output), own),
        pairs: thinned(pairs, pairsMax),
      };
    }),
    slices: slicesOf(examples).map(({ column, value, rows: part }) => {
      const drawn = new Int32Array(rows);
      for (const row of part) drawn[row] = 1;
      const figures = meanValueFigures(outputs, drawn);
      return {
        column,
        value,
        samples: part.length,
        figures: Object.fromEntries(
          valueFigureNames.map((name, at) => [name, { value: known(figures[at]!) }]),
        ),
      };
    }),
    worst: worstValues(outputs, examples),
  };
}

/** Figures of rankings where the rows are pairs, drawn question by question: rows of one question are no strangers. */
async function rankedFigures(
  outputs: readonly ValueAnswers[],
  examples: readonly Example[],
  options: Evaluating,
): Promise<Readonly<Record<string, Figure>>> {
  const questions = questionsOf(examples, outputs);
  if (questions.length === 0) return {};
  const draws = await bootstrap({ rows: questions.length, ...options }, (drawn) =>
    rankingFigures(questions, drawn),
  );
  return withIntervals(rankingFigureNames, rankingFigures(questions), draws);
}

function perLabelOf(answers: LabelAnswers) {
  const { labels, rows, values, held, called } = answers;
  const tallies = tallyOf(held, called, labels.length);
  const holds = holdingOf(answers);
  return labels.map((label, at) => {
    const judged = judgedBy(values, rows, labels.length, at, holds);
    const areas = { auc: known(rocAuc(judged)), averagePrecision: known(averagePrecision(judged)) };
    const { precision, recall, f1, support } = ratesOf(tallies, at);
    return { label, precision: known(precision)!, recall: known(recall)!, f1: known(f1)!, support, ...areas };
  });
}

/** Curves of the labels that hold most often; of two exclusive labels, of the second: the first's are their mirror. */
function curvesOf(answers: LabelAnswers) {
  const { labels, rows, values, held, isSingle } = answers;
  const holds = holdingOf(answers);
  const support = new Map(labels.map((_, at) => [at, held.labels.filter((label) => label === at).length]));
  const byNumber = [...support].sort(([, a], [, b]) => b - a).map(([at]) => at);
  const chosen = labels.length === 2 && isSingle ? [1] : byNumber.slice(0, curvesMax);
  return chosen.map((at) => {
    const judged = judgedBy(values, rows, labels.length, at, holds);
    const pairs = (curve: ReturnType<typeof rocCurve>) =>
      thinned(curve, curvePointsMax).map(({ x, y }) => [known(x)!, known(y)!] as const);
    return {
      label: labels[at]!,
      roc: pairs(rocCurve(judged)),
      precisionRecall: pairs(precisionRecallCurve(judged)),
    };
  });
}

const judgedBy = (
  values: Float32Array,
  rows: number,
  width: number,
  label: number,
  holds: (row: number, label: number) => boolean,
) => ({
  scores: Float64Array.from({ length: rows }, (_, row) => values[row * width + label]!),
  holds: Uint8Array.from({ length: rows }, (_, row) => (holds(row, label) ? 1 : 0)),
});

function withIntervals(
  names: readonly string[],
  values: readonly number[],
  draws: readonly Float64Array[],
): Readonly<Record<string, Figure>> {
  const figures = names.map((name, at) => {
    const interval = draws[at] === undefined ? null : percentileInterval(draws[at]);
    const ends = interval === null ? {} : { low: known(interval.low), high: known(interval.high) };
    return [name, { value: known(values[at]!), ...ends }] as const;
  });
  return Object.fromEntries(figures);
}
