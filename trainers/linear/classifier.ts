// A linear classifier over TF-IDF: one binary problem a label (one against the rest), weights in eight bits.
import type { BinaryProblem } from './dual-descent.ts';
import type { TermMatrix } from './terms.ts';

/** What a classifier is fitted to: which labels hold for the rows of a matrix. */
export interface LabelledRows {
  readonly matrix: TermMatrix;
  readonly labels: number;
  /** Row i has the label indices [labelOffsets[i], labelOffsets[i+1]) of `truth`. */
  readonly truth: Int32Array;
  readonly labelOffsets: Int32Array;
  /** How much each row counts. */
  readonly weights: Float32Array;
}

/** What the rows of a label cost more than others. */
export type Balance = 'none' | 'balanced';

/** Scores of label k: sum of `table[f * labels + k] * scales[k]` over the features, plus `bias[k]`. */
export interface Classifier {
  readonly labels: number;
  readonly features: number;
  /** Weights in eight bits, a row for each feature. */
  readonly table: Int8Array;
  readonly scales: Float32Array;
  readonly bias: Float32Array;
}

/** The problem of one label against the rest. */
export function problemOf(
  rows: LabelledRows,
  squares: Float64Array,
  label: number,
  { cost, balance }: { readonly cost: number; readonly balance: Balance },
): BinaryProblem {
  const { matrix, truth, labelOffsets } = rows;
  const targets = new Int8Array(matrix.size).fill(-1);
  let held = 0;
  for (let row = 0; row < matrix.size; row++) {
    for (let at = labelOffsets[row]!; at < labelOffsets[row + 1]!; at++) {
      if (truth[at] === label) targets[row] = 1;
    }
    if (targets[row] === 1) held++;
  }
  // Both sides of a balanced problem weigh the same, and all rows together what they weighed before.
  const factors = {
    held: matrix.size / (2 * Math.max(1, held)),
    not: matrix.size / (2 * (matrix.size - held)),
  };
  const costs = Float64Array.from(rows.weights, (weight, row) => {
    const factor = balance === 'none' ? 1 : targets[row] === 1 ? factors.held : factors.not;
    return Math.max(1e-9, cost * weight * factor);
  });
  return { matrix, squares, targets, costs };
}

/** Float weights of one label in the eight-bit table of all: one scale for each label. */
export function placeWeights(classifier: Classifier, label: number, weights: Float64Array): void {
  const { labels, features, table, scales, bias } = classifier;
  let largest = 0;
  for (let feature = 0; feature < features; feature++)
    largest = Math.max(largest, Math.abs(weights[feature]!));
  const scale = largest > 0 ? largest / 127 : 1;
  for (let feature = 0; feature < features; feature++) {
    table[feature * labels + label] = Math.round(weights[feature]! / scale);
  }
  scales[label] = scale;
  bias[label] = weights[features]!;
}

/** Scores of every row, row-major. */
export function scoresOf(classifier: Classifier, matrix: TermMatrix): Float64Array {
  const { labels, table, scales, bias } = classifier;
  const scores = new Float64Array(matrix.size * labels);
  for (let row = 0; row < matrix.size; row++) {
    const to = row * labels;
    for (let at = matrix.offsets[row]!; at < matrix.offsets[row + 1]!; at++) {
      const from = matrix.indices[at]! * labels;
      const value = matrix.values[at]!;
      for (let label = 0; label < labels; label++) scores[to + label]! += table[from + label]! * value;
    }
    for (let label = 0; label < labels; label++) {
      scores[to + label] = scores[to + label]! * scales[label]! + bias[label]!;
    }
  }
  return scores;
}
