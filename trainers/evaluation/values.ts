// Figures of predicted values, such as scores in points, against the true ones. All are NaN without rows.

/** Mean distance. */
export const meanAbsoluteError = (truth: ArrayLike<number>, said: ArrayLike<number>): number =>
  meanGap(truth, said, Math.abs);

/** Root of the mean squared distance. */
export const rootMeanSquareError = (truth: ArrayLike<number>, said: ArrayLike<number>): number =>
  Math.sqrt(meanGap(truth, said, (gap) => gap * gap));

/** Share of the answers that are at most `points` away. */
export const shareWithin = (truth: ArrayLike<number>, said: ArrayLike<number>, points: number): number =>
  meanGap(truth, said, (gap) => (Math.abs(gap) <= points ? 1 : 0));

/**
 * Share of the variance that is explained: 1 is perfect, 0 as good as always saying the mean. Where all true values
 * are equal: 1 if every answer is right, else 0. NaN below two rows.
 */
export function rSquared(truth: ArrayLike<number>, said: ArrayLike<number>): number {
  if (truth.length < 2) return Number.NaN;
  const mean = meanGap(truth, undefined, (value) => value);
  const left = meanGap(truth, said, (gap) => gap * gap);
  const whole = meanGap(truth, undefined, (value) => (value - mean) ** 2);
  if (whole === 0) return left === 0 ? 1 : 0;
  return 1 - left / whole;
}

function meanGap(
  truth: ArrayLike<number>,
  said: ArrayLike<number> | undefined,
  measure: (gap: number) => number,
): number {
  let sum = 0;
  for (let row = 0; row < truth.length; row++) sum += measure(truth[row]! - (said?.[row] ?? 0));
  return sum / truth.length;
}
