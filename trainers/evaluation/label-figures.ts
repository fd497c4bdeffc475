// Figures of answers that are labels: those that a bootstrap takes again at each draw, and those taken once.
import type { LabelAnswers } from './answers.ts';
import { brierOfRows, calibrationError, logLoss, reliability } from './confidence.ts';
import { balancedAccuracy, confusionOf, kappa, matthews } from './confusion.ts';
import { averagePrecision, descending, macroAuc, macroAveragePrecision, rocAuc } from './curves.ts';
import { macroF1, microF1, tallyOf, weightedF1 } from './tallies.ts';

/** Named figures of rows that count as often as they were drawn. */
export interface Resampled {
  readonly names: readonly string[];
  readonly of: (drawn?: ArrayLike<number>) => readonly number[];
}

/**
 * The figures that get intervals. Areas below curves are among them for one decision only (two labels, or one that
 * holds or not): over many labels they would take minutes.
 */
export function resampledFigures(answers: LabelAnswers): Resampled {
  const { rows, labels, held, called, leading, isRight, isSingle } = answers;
  const heldLabel = held.labels;
  const decision = decisionOf(answers);
  const order = decision && descending(decision.scores);
  const names = [
    'accuracy',
    'macroF1',
    'weightedF1',
    'microF1',
    ...(isSingle ? ['balancedAccuracy', 'matthews'] : []),
    ...(decision ? ['auc', 'averagePrecision'] : []),
  ];
  const of = (weights?: ArrayLike<number>) => {
    const tallies = tallyOf(held, called, labels.length, weights);
    const values = [
      shareRight(isRight, rows, weights),
      macroF1(tallies),
      weightedF1(tallies),
      microF1(tallies),
    ];
    if (isSingle) {
      const confusion = confusionOf(heldLabel, leading, labels.length, weights);
      values.push(balancedAccuracy(confusion), matthews(confusion));
    }
    if (decision) {
      const judged = { ...decision, weights, order };
      values.push(rocAuc(judged), averagePrecision(judged));
    }
    return values;
  };
  return { names, of };
}

/** Figures taken once, without an interval. */
export function plainFigures(answers: LabelAnswers): Readonly<Record<string, number>> {
  const { values, labels, held, confidence, isRight, isSingle, leading, rows } = answers;
  const error = calibrationError(reliability(confidence, isRight));
  const isMany = decisionOf(answers) === undefined;
  const holds = holdingOf(answers);
  const areas = isMany
    ? {
        auc: macroAuc(values, labels.length, holds),
        averagePrecision: macroAveragePrecision(values, labels.length, holds),
      }
    : {};
  if (!isSingle || answers.activation === 'sigmoid') return { calibrationError: error, ...areas };
  const confusion = confusionOf(held.labels, leading, labels.length);
  const ofHeld = Float64Array.from(
    { length: rows },
    (_, row) => values[row * labels.length + held.labels[row]!]!,
  );
  return {
    calibrationError: error,
    ...areas,
    logLoss: logLoss(ofHeld),
    brier: brierOfRows(values, held.labels, labels.length),
    kappa: kappa(confusion),
  };
}

/** The one decision of a model of two exclusive labels (the second holds) or of one label; else undefined. */
function decisionOf(answers: LabelAnswers) {
  const { labels, rows, values, activation, isSingle } = answers;
  const label = activation === 'sigmoid' ? 0 : 1;
  const isOne = activation === 'sigmoid' ? labels.length === 1 : labels.length === 2 && isSingle;
  if (!isOne) return undefined;
  const holds = holdingOf(answers);
  return {
    label,
    scores: Float64Array.from({ length: rows }, (_, row) => values[row * labels.length + label]!),
    holds: Uint8Array.from({ length: rows }, (_, row) => (holds(row, label) ? 1 : 0)),
  };
}

/** Whether a label holds in a row. */
export function holdingOf({ rows, labels, held }: LabelAnswers): (row: number, label: number) => boolean {
  const table = new Uint8Array(rows * labels.length);
  for (let row = 0; row < rows; row++) {
    for (let at = held.offsets[row]!; at < held.offsets[row + 1]!; at++) {
      table[row * labels.length + held.labels[at]!] = 1;
    }
  }
  return (row, label) => table[row * labels.length + label] === 1;
}

function shareRight(isRight: Uint8Array, rows: number, weights?: ArrayLike<number>): number {
  let right = 0;
  let total = rows;
  if (weights === undefined) for (const one of isRight) right += one;
  else {
    total = 0;
    for (let row = 0; row < rows; row++) {
      right += weights[row]! * isRight[row]!;
      total += weights[row]!;
    }
  }
  return right / total;
}
