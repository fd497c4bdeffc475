// A forest in memory: what it answers, what its features are worth.
import { activate } from '../evaluation/activation.ts';
import { createRandom, shuffle } from '../random.ts';
import type { Matrix } from './matrix.ts';
import { addAnswers, type Tree } from './tree.ts';

/** What is to be predicted: rows × width numbers. Classes are numbers too, 1 for those that hold and 0 for others. */
export interface Targets {
  readonly activation: 'softmax' | 'sigmoid' | 'identity';
  readonly width: number;
  readonly values: Float64Array;
  /** How much each row counts; 1 where absent. */
  readonly weights?: Float64Array | undefined;
}

export interface Forest {
  readonly method: 'forest' | 'boosting';
  readonly activation: Targets['activation'];
  readonly columns: number;
  /** Number of targets. */
  readonly width: number;
  /** What scores start from, one for each target. */
  readonly base: Float64Array;
  /** Trees of a forest answer for all targets and are averaged; those of boosting for one, and are summed. */
  readonly trees: readonly { readonly tree: Tree; readonly target: number }[];
  /** What logits are divided by; 1 for values. */
  readonly temperature: number;
}

/** Below this a forest’s share of trees is taken for this much, so that it has a logarithm. */
export const shareMin = 1e-3;

/** What the trees say, rows × width: values or shares of a forest, logits of boosting. */
export function scoresOf(forest: Forest, matrix: Matrix): Float64Array {
  const { width, base, trees, method } = forest;
  const scores = new Float64Array(matrix.rows * width);
  for (let at = 0; at < scores.length; at++) scores[at] = base[at % width]!;
  const scale = method === 'forest' ? 1 / trees.length : 1;
  for (const { tree, target } of trees) addAnswers(tree, matrix, scores, { targets: width, target, scale });
  return scores;
}

/** Scores as logits: a forest’s shares by their logarithm, or by their log-odds where each label is for itself. */
export function logitsOf(
  { method, activation }: Pick<Forest, 'method' | 'activation'>,
  scores: Float64Array,
) {
  if (method === 'boosting' || activation === 'identity') return scores;
  return scores.map((share) =>
    activation === 'softmax'
      ? Math.log(Math.max(share, shareMin))
      : Math.log(Math.max(share, shareMin)) - Math.log(Math.max(1 - share, shareMin)),
  );
}

/** What the forest answers, rows × width: values, or probabilities. */
export function answersOf(forest: Forest, matrix: Matrix): Float64Array {
  const { activation, width, temperature } = forest;
  const logits = logitsOf(forest, scoresOf(forest, matrix));
  if (activation === 'identity') return logits;
  for (let at = 0; at < logits.length; at++) logits[at]! /= temperature;
  activateRows(logits, width, activation);
  return logits;
}

/** Turns logits, rows × width, into probabilities, in place. */
export function activateRows(logits: Float64Array, width: number, activation: 'softmax' | 'sigmoid'): void {
  if (activation === 'softmax' && width === 2) {
    activatePairs(logits);
    return;
  }
  // One row’s copy for all rows: views of the rows would cost more than what is done with them.
  const row = new Float64Array(width);
  for (let from = 0; from < logits.length; from += width) {
    for (let k = 0; k < width; k++) row[k] = logits[from + k]!;
    activate(row, activation);
    for (let k = 0; k < width; k++) logits[from + k] = row[k]!;
  }
}

/** The softmax of two: the exponential of the larger is 1, and the same numbers come out at half the cost. */
function activatePairs(logits: Float64Array): void {
  for (let from = 0; from < logits.length; from += 2) {
    const difference = logits[from]! - logits[from + 1]!;
    const smaller = Math.exp(-Math.abs(difference));
    const sum = 1 + smaller;
    logits[from] = (difference >= 0 ? 1 : smaller) / sum;
    logits[from + 1] = (difference >= 0 ? smaller : 1) / sum;
  }
}

/** Standard deviation over the trees of a forest, rows × width, in the unit of the scores. */
export function spreadOf(forest: Forest, matrix: Matrix): Float64Array {
  const { width, trees } = forest;
  const means = scoresOf({ ...forest, base: new Float64Array(width) }, matrix);
  const squares = new Float64Array(means.length);
  const one = new Float64Array(means.length);
  for (const { tree } of trees) {
    addAnswers(tree, matrix, one.fill(0), { targets: width, target: 0, scale: 1 });
    for (let at = 0; at < one.length; at++) squares[at]! += (one[at]! - means[at]!) ** 2;
  }
  return squares.map((square) => Math.sqrt(square / trees.length));
}

/** Each feature’s share of the gain of all splits; they sum to 1 where there is a split. */
export function gainImportances({ trees, columns }: Forest): Float64Array {
  const gains = new Float64Array(columns);
  for (const { tree } of trees) {
    const root = tree.gains.length;
    for (let node = 0; node < root; node++)
      if (tree.features[node]! >= 0) gains[tree.features[node]!]! += tree.gains[node]!;
  }
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return total > 0 ? gains.map((gain) => gain / total) : gains;
}

/**
 * How much the mean loss on the given rows grows when a feature’s column is shuffled (Breiman 2001): the mean over
 * `repeats` shuffles. About zero, or a little less, for features the forest does not need.
 */
export function permutationImportances(
  forest: Forest,
  matrix: Matrix,
  targets: Targets,
  { seed, repeats = 3 }: { readonly seed: number; readonly repeats?: number },
): Float64Array {
  const random = createRandom(seed);
  const { rows, columns } = matrix;
  const loss = lossOf(targets, answersOf(forest, matrix));
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const values = matrix.values.slice();
  return Float64Array.from({ length: columns }, (_, column) => {
    let grown = 0;
    for (let time = 0; time < repeats; time++) {
      shuffle(order, random);
      for (let row = 0; row < rows; row++)
        values[row * columns + column] = matrix.values[order[row]! * columns + column]!;
      grown += lossOf(targets, answersOf(forest, { rows, columns, values })) - loss;
    }
    for (let row = 0; row < rows; row++)
      values[row * columns + column] = matrix.values[row * columns + column]!;
    return grown / repeats;
  });
}

/** Mean squared error of values, mean log loss of probabilities: over rows by their weight, summed over targets. */
export function lossOf({ activation, width, values, weights }: Targets, answers: Float64Array): number {
  let total = 0;
  let weighed = 0;
  for (let row = 0; row * width < answers.length; row++) {
    const weight = weights?.[row] ?? 1;
    weighed += weight;
    for (let at = row * width; at < (row + 1) * width; at++) {
      const answer = answers[at]!;
      const value = values[at]!;
      if (activation === 'identity') total += weight * (answer - value) ** 2;
      else {
        if (value > 0) total -= weight * value * Math.log(Math.max(answer, 1e-12));
        if (activation === 'sigmoid') total -= weight * (1 - value) * Math.log(Math.max(1 - answer, 1e-12));
      }
    }
  }
  return weighed > 0 ? total / weighed : 0;
}
