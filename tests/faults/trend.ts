// The trend of a measured series: a straight line by least squares, and how far its slope can be trusted.

export interface Trend {
  readonly slope: number;
  /** Standard error of the slope, widened for neighbours that resemble each other. */
  readonly error: number;
  readonly mean: number;
  readonly samples: number;
}

/**
 * Slope of `y` over `x`. Samples that follow each other are not independent: the error is widened by the residuals'
 * first autocorrelation, as for an AR(1) series. Needs three samples.
 */
export function trendOf(points: readonly { readonly x: number; readonly y: number }[]): Trend {
  const n = points.length;
  if (n < 3) throw new RangeError(`a trend needs three samples, not ${n}`);
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const mean = points.reduce((sum, { y }) => sum + y, 0) / n;
  const sxx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - mean), 0) / sxx;
  const residuals = points.map(({ x, y }) => y - mean - slope * (x - meanX));
  const squares = residuals.reduce((sum, value) => sum + value ** 2, 0);
  const neighbours = residuals.slice(1).reduce((sum, value, index) => sum + value * residuals[index]!, 0);
  const likeness = squares === 0 ? 0 : Math.min(0.95, Math.max(0, neighbours / squares));
  const error = Math.sqrt(squares / (n - 2) / sxx) * Math.sqrt((1 + likeness) / (1 - likeness));
  return { slope, error, mean, samples: n };
}

/** Whether the series may as well be flat or falling: the slope is below twice its error. */
export const isFlat = ({ slope, error }: Trend): boolean => slope <= 2 * error;
