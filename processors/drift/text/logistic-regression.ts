// Logistic regression with a ridge.

/** Rows of equal width, one after the other. */
export interface Matrix {
  readonly values: Float64Array;
  readonly width: number;
}

const stepsUsed = 2_000;
/** The largest change of a weight at which it has converged. */
const tolerance = 1e-6;

/** Fits to the truth of every row, 1 or 0, and gives the weights of the columns and, last, the intercept. */
export type Fit = (truth: ArrayLike<number>, stepsMax?: number) => Float64Array;

/**
 * Prepares to fit some rows. What is minimised is Σ log loss + ridge/2 · |weights|², the intercept free: scikit-learn’s
 * LogisticRegression with C = 1/ridge. The curvature is never more than a quarter of that of least squares: with that
 * in its place all steps, whatever the truth, share one factorisation, and every one of them goes downhill (Böhning and
 * Lindsay, 1988). The first step alone is a fit by least squares. O(rows · width²), then O(rows · width) a step.
 */
export function logisticFit(matrix: Matrix, rows: ArrayLike<number>, ridge: number): Fit {
  const size = matrix.width + 1;
  const factor = factorise(boundOf(matrix, rows, ridge), size);
  return (truth, stepsMax = stepsUsed) => {
    const weights = new Float64Array(size);
    for (let step = 0; step < stepsMax; step++) {
      const change = solve(factor, gradientOf(matrix, truth, rows, ridge, weights), size);
      let largest = 0;
      for (let column = 0; column < size; column++) {
        weights[column]! -= change[column]!;
        largest = Math.max(largest, Math.abs(change[column]!));
      }
      if (largest < tolerance) break;
    }
    return weights;
  };
}

/** The lower half of XᵀX / 4 + ridge, the intercept a column of ones. */
function boundOf({ values, width }: Matrix, rows: ArrayLike<number>, ridge: number): Float64Array {
  const size = width + 1;
  const bound = new Float64Array(size * size);
  for (let at = 0; at < rows.length; at++) {
    const from = rows[at]! * width;
    for (let column = 0; column < width; column++) {
      const value = values[from + column]! / 4;
      for (let other = 0; other <= column; other++)
        bound[column * size + other]! += value * values[from + other]!;
      bound[width * size + column]! += value;
    }
  }
  for (let column = 0; column < width; column++) bound[column * size + column]! += ridge;
  bound[width * size + width] = rows.length / 4;
  return bound;
}

function gradientOf(
  { values, width }: Matrix,
  truth: ArrayLike<number>,
  rows: ArrayLike<number>,
  ridge: number,
  weights: Float64Array,
): Float64Array {
  const gradient = weights.map((weight, column) => (column < width ? ridge * weight : 0));
  const atZero = weights.every((weight) => weight === 0);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const from = row * width;
    let score = weights[width]!;
    // At the start, where shuffles end, nothing has a score.
    if (!atZero)
      for (let column = 0; column < width; column++) score += weights[column]! * values[from + column]!;
    const error = 1 / (1 + Math.exp(-score)) - truth[row]!;
    for (let column = 0; column < width; column++) gradient[column]! += error * values[from + column]!;
    gradient[width]! += error;
  }
  return gradient;
}

/** The lower L of A = L Lᵀ (Cholesky), in place of the lower half of A. */
function factorise(a: Float64Array, size: number): Float64Array {
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = a[row * size + column]!;
      for (let k = 0; k < column; k++) sum -= a[row * size + k]! * a[column * size + k]!;
      a[row * size + column] = row === column ? Math.sqrt(sum) : sum / a[column * size + column]!;
    }
  }
  return a;
}

/** The x of L Lᵀ x = b. */
function solve(factor: Float64Array, b: Float64Array, size: number): Float64Array {
  const x = Float64Array.from(b);
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) x[row]! -= factor[row * size + k]! * x[k]!;
    x[row]! /= factor[row * size + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) x[row]! -= factor[k * size + row]! * x[k]!;
    x[row]! /= factor[row * size + row]!;
  }
  return x;
}
