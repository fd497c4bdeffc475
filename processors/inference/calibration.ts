// A curve from the confidence a model states to the one its answers deserve, fitted on held-out rows.

/** Corners of a rising curve: a line between two of them, flat beyond the ends. */
export interface ConfidenceCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The confidence that was deserved on held-out rows by answers with this one. */
export function calibrated({ x, y }: ConfidenceCurve, confidence: number): number {
  const last = x.length - 1;
  if (confidence <= x[0]!) return y[0]!;
  if (confidence >= x[last]!) return y[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= confidence) low = middle;
    else high = middle;
  }
  return y[low]! + ((confidence - x[low]!) / (x[high]! - x[low]!)) * (y[high]! - y[low]!);
}
