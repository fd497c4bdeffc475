// Binary linear classifiers by dual coordinate descent, as LIBLINEAR fits them: squared hinge loss after Hsieh et al.
// (2008, "A dual coordinate descent method for large-scale linear SVM"), logistic loss after Yu, Huang and Lin (2011,
// "Dual coordinate descent methods for logistic regression and maximum entropy models"). L2-regularised, with a
// constant feature as bias.
import { shuffle } from '../random.ts';
import type { TermMatrix } from './terms.ts';

/** One binary problem over the rows of a matrix. */
export interface BinaryProblem {
  readonly matrix: TermMatrix;
  /** Squared length of each row, the constant feature counted. */
  readonly squares: Float64Array;
  /** 1 or -1 for each row. */
  readonly targets: Int8Array;
  /** What an error on each row costs. */
  readonly costs: Float64Array;
}

export interface DescentOptions {
  readonly loss: 'squared-hinge' | 'logistic';
  /** Ends where the largest and smallest projected gradients are this close. */
  readonly tolerance: number;
  readonly passesMax: number;
  readonly random: () => number;
}

/** Squared length of each row with the constant feature. */
export function squaresOf({ size, values, offsets }: TermMatrix): Float64Array {
  const squares = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let square = 1;
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) square += values[at]! * values[at]!;
    squares[row] = square;
  }
  return squares;
}

/**
 * Fits `weights` (one for each feature, the bias last): kept small where they are zero at first, else near what they are.
 * Returns the passes it took.
 */
export function descend(problem: BinaryProblem, options: DescentOptions, weights: Float64Array): number {
  return options.loss === 'logistic'
    ? descendLogistic(problem, options, weights)
    : descendHinge(problem, options, weights);
}

/** The score of a row: its product with the weights. */
export function scoreOf(
  { indices, values, offsets }: TermMatrix,
  row: number,
  weights: Float64Array,
): number {
  let score = weights[weights.length - 1]!;
  for (let at = offsets[row]!, end = offsets[row + 1]!; at < end; at++) {
    score += weights[indices[at]!]! * values[at]!;
  }
  return score;
}

function addRow({ indices, values, offsets }: TermMatrix, row: number, step: number, weights: Float64Array) {
  weights[weights.length - 1]! += step;
  for (let at = offsets[row]!, end = offsets[row + 1]!; at < end; at++) {
    weights[indices[at]!]! += step * values[at]!;
  }
}

/** Rows whose alpha stays at zero leave the passes (shrinking) until the rest has converged. */
function descendHinge(problem: BinaryProblem, options: DescentOptions, weights: Float64Array): number {
  const { matrix, squares, targets, costs } = problem;
  const alphas = new Float64Array(matrix.size);
  const order = Int32Array.from({ length: matrix.size }, (_, row) => row);
  let active = matrix.size;
  let boundary = Number.POSITIVE_INFINITY;
  for (let pass = 1; pass <= options.passesMax; pass++) {
    let largest = Number.NEGATIVE_INFINITY;
    let smallest = Number.POSITIVE_INFINITY;
    shuffle(order.subarray(0, active), options.random);
    for (let place = 0; place < active; place++) {
      const row = order[place]!;
      const target = targets[row]!;
      const ridge = 0.5 / costs[row]!;
      const alpha = alphas[row]!;
      const gradient = target * scoreOf(matrix, row, weights) - 1 + alpha * ridge;
      let projected = gradient;
      if (alpha === 0) {
        if (gradient > boundary) {
          order[place--] = order[--active]!;
          order[active] = row;
          continue;
        }
        projected = Math.min(gradient, 0);
      }
      largest = Math.max(largest, projected);
      smallest = Math.min(smallest, projected);
      if (Math.abs(projected) < 1e-12) continue;
      const moved = Math.max(alpha - gradient / (squares[row]! + ridge), 0);
      alphas[row] = moved;
      addRow(matrix, row, (moved - alpha) * target, weights);
    }
    if (largest - smallest <= options.tolerance) {
      if (active === matrix.size) return pass;
      active = matrix.size;
      boundary = Number.POSITIVE_INFINITY;
    } else boundary = largest > 0 ? largest : Number.POSITIVE_INFINITY;
  }
  return options.passesMax;
}

const innerStepsMax = 100;

/** Each alpha lies between 0 and its cost; its one-variable problem is solved by Newton steps. */
function descendLogistic(problem: BinaryProblem, options: DescentOptions, weights: Float64Array): number {
  const { matrix, squares, targets, costs } = problem;
  // Alpha of each row and cost - alpha, both kept: the smaller one would lose its digits in the difference.
  const alphas = new Float64Array(2 * matrix.size);
  for (let row = 0; row < matrix.size; row++) {
    alphas[2 * row] = Math.min(0.001 * costs[row]!, 1e-8);
    alphas[2 * row + 1] = costs[row]! - alphas[2 * row]!;
    addRow(matrix, row, targets[row]! * alphas[2 * row]!, weights);
  }
  const order = Int32Array.from({ length: matrix.size }, (_, row) => row);
  let innerTolerance = 1e-2;
  const innerToleranceMin = Math.min(1e-8, options.tolerance);
  for (let pass = 1; pass <= options.passesMax; pass++) {
    let steps = 0;
    let largest = 0;
    shuffle(order, options.random);
    for (const row of order) {
      const target = targets[row]!;
      const score = target * scoreOf(matrix, row, weights);
      const square = squares[row]!;
      const isFirst = 0.5 * square * (alphas[2 * row + 1]! - alphas[2 * row]!) + score >= 0;
      const place = 2 * row + (isFirst ? 0 : 1);
      const before = alphas[place]!;
      const sign = isFirst ? 1 : -1;
      const solved = solveOne(before, costs[row]!, square, sign * score, innerTolerance);
      largest = Math.max(largest, Math.abs(solved.gradient));
      if (solved.steps === 0) continue;
      steps += solved.steps;
      alphas[place] = solved.alpha;
      alphas[place ^ 1] = costs[row]! - solved.alpha;
      addRow(matrix, row, target * sign * (solved.alpha - before), weights);
    }
    if (largest < options.tolerance) return pass;
    if (steps <= matrix.size / 10) innerTolerance = Math.max(innerToleranceMin, 0.1 * innerTolerance);
  }
  return options.passesMax;
}

/** Minimises a (z - before)²/2 + b (z - before) + z ln z + (C - z) ln(C - z): algorithm 5 of Yu et al. */
function solveOne(before: number, cost: number, square: number, score: number, tolerance: number) {
  let z = cost - before < 0.5 * cost ? 0.1 * before : before;
  const gradientAt = (at: number) => square * (at - before) + score + Math.log(at / (cost - at));
  let gradient = gradientAt(z);
  const first = gradient;
  let steps = 0;
  while (steps < innerStepsMax && Math.abs(gradient) >= tolerance) {
    const curvature = square + cost / (cost - z) / z;
    const next = z - gradient / curvature;
    z = next <= 0 ? z * 0.1 : next;
    gradient = gradientAt(z);
    steps++;
  }
  return { alpha: z, gradient: first, steps };
}
