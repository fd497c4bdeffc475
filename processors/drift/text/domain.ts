// The domain classifier: whether a classifier can tell the texts of a window from those a release was made with.
// Where it does no better than chance, the window is of the same kind (Lopez-Paz and Oquab, “Revisiting classifier
// two-sample tests”, 2017).
import { dimensions } from './embedding.ts';
import { type Fit, logisticFit, type Matrix } from './logistic-regression.ts';
import { normalTail } from './normal.ts';
import { scramble } from './scramble.ts';

const foldCount = 5;
/** Coordinates are scaled to a spread of about one first. */
const ridge = 100;
/** Shuffles that chance is learned from: its deviation is known to 7 %. */
const shuffles = 100;

export interface Separation {
  /** Chance that a text of the window is more window-like than one of the reference, 0.5 when they are alike. */
  readonly auc: number;
  /** Chance of such an AUC, or a larger one, between samples of one source. */
  readonly pValue: number;
}

/** A part of the rows, and the fit to the others. */
interface Fold {
  readonly judged: Int32Array;
  readonly fit: Fit;
}

/**
 * How well the vectors of two samples can be told apart: each fifth of the rows is scored by a logistic regression that
 * was fitted to the others, and the areas under the five ROC curves are averaged. Rows must be in no order. What chance
 * gives is learned by shuffling, fold by fold, which row belongs to which sample; folds share what they were fitted to,
 * so that their mean varies more than five Mann–Whitney statistics would: with 100 texts six times as many p-values
 * below 0.01 as there should be. Shuffled rows are fitted by least squares, which is where the regression begins.
 */
export function separate(reference: readonly Int8Array[], window: readonly Int8Array[]): Separation {
  const matrix = matrixOf([...reference, ...window]);
  const truth = new Uint8Array(reference.length + window.length).fill(1, reference.length);
  const foldOf = (row: number) => (row < reference.length ? row : row - reference.length) % foldCount;
  const rows = Int32Array.from(truth.keys());
  const folds = Array.from({ length: foldCount }, (_, fold) => ({
    judged: rows.filter((row) => foldOf(row) === fold),
    fit: logisticFit(
      matrix,
      rows.filter((row) => foldOf(row) !== fold),
      ridge,
    ),
  }));
  const auc = meanArea(matrix, folds, truth);
  const chance = Array.from({ length: shuffles }, (_, round) =>
    meanArea(matrix, folds, shuffled(truth, folds, round), 1),
  );
  const mean = chance.reduce((sum, area) => sum + area, 0) / shuffles;
  const variance = chance.reduce((sum, area) => sum + (area - mean) ** 2, 0) / (shuffles - 1);
  return { auc, pValue: normalTail((auc - mean) / Math.sqrt(variance)) };
}

function meanArea(matrix: Matrix, folds: readonly Fold[], truth: Uint8Array, stepsMax?: number): number {
  let sum = 0;
  for (const { judged, fit } of folds) {
    const weights = fit(truth, stepsMax);
    const scores = [new Float64Array(judged.length), new Float64Array(judged.length)] as const;
    const ends = [0, 0] as [number, number];
    for (let at = 0; at < judged.length; at++) {
      const row = judged[at]!;
      const which = truth[row] === 1 ? 1 : 0;
      scores[which][ends[which]++] = scoreOf(matrix, row, weights);
    }
    sum += areaUnderCurve(scores[0].subarray(0, ends[0]), scores[1].subarray(0, ends[1]));
  }
  return sum / folds.length;
}

/** The truth of each fold’s rows in another order, which `round` decides alone (Fisher and Yates). */
function shuffled(truth: Uint8Array, folds: readonly Fold[], round: number): Uint8Array {
  const result = Uint8Array.from(truth);
  let state = scramble(round + 1);
  for (const { judged } of folds)
    for (let left = judged.length - 1; left > 0; left--) {
      state = scramble(state + 0x9e3779b9);
      const [a, b] = [judged[left]!, judged[(state >>> 0) % (left + 1)]!];
      const kept = result[a]!;
      result[a] = result[b]!;
      result[b] = kept;
    }
  return result;
}

/** Share of the pairs of a negative and a positive score in which the positive one is higher, ties by half. */
export function areaUnderCurve(negatives: Float64Array, positives: Float64Array): number {
  const lower = negatives.toSorted();
  let [below, upTo, won] = [0, 0, 0];
  for (const score of positives.toSorted()) {
    while (below < lower.length && lower[below]! < score) below++;
    upTo = Math.max(upTo, below);
    while (upTo < lower.length && lower[upTo]! <= score) upTo++;
    won += (below + upTo) / 2;
  }
  return won / (negatives.length * positives.length);
}

function matrixOf(vectors: readonly Int8Array[]): Matrix {
  const values = new Float64Array(vectors.length * dimensions);
  const scale = Math.sqrt(dimensions) / 127;
  for (const [row, vector] of vectors.entries())
    for (let at = 0; at < dimensions; at++) values[row * dimensions + at] = vector[at]! * scale;
  return { values, width: dimensions };
}

function scoreOf({ values, width }: Matrix, row: number, weights: Float64Array): number {
  let score = weights[width]!;
  for (let column = 0; column < width; column++) score += values[row * width + column]! * weights[column]!;
  return score;
}
