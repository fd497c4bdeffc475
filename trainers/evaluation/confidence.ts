// Whether probabilities mean what they say: log loss, Brier score, reliability and expected calibration error.

/** The least probability a held label is taken to have: an answer of 0 would cost infinitely much. */
const probabilityMin = Number.EPSILON;

/** Mean negative logarithm of what the held label got, natural logarithm; NaN without rows. */
export function logLoss(ofHeld: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < ofHeld.length; row++) {
    sum -= Math.log(Math.min(Math.max(ofHeld[row]!, probabilityMin), 1 - probabilityMin));
  }
  return sum / ofHeld.length;
}

/** Mean squared gap between a probability and what came (1 or 0); NaN without rows. */
export function brier(probabilities: ArrayLike<number>, holds: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < holds.length; row++) sum += (probabilities[row]! - holds[row]!) ** 2;
  return sum / holds.length;
}

/** Brier score over all labels of a row (Brier 1950): 0 to 2, twice the score of two labels. */
export function brierOfRows(matrix: ArrayLike<number>, held: ArrayLike<number>, labels: number): number {
  let sum = 0;
  for (let row = 0; row < held.length; row++) {
    for (let label = 0; label < labels; label++) {
      sum += (matrix[row * labels + label]! - (held[row] === label ? 1 : 0)) ** 2;
    }
  }
  return sum / held.length;
}

/** Rows whose confidence lies in [from, to), the last bin's end included. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Mean confidence and share that holds; 0 where the bin is empty. */
  readonly confidence: number;
  readonly accuracy: number;
}

const reliabilityBins = 15;

/** Confidence against what came, in bins of equal width. */
export function reliability(
  confidences: ArrayLike<number>,
  isRight: ArrayLike<number>,
  bins = reliabilityBins,
  weights?: ArrayLike<number>,
): readonly ReliabilityBin[] {
  const rows = new Float64Array(bins);
  const confidence = new Float64Array(bins);
  const right = new Float64Array(bins);
  for (let row = 0; row < confidences.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    const bin = Math.min(bins - 1, Math.floor(confidences[row]! * bins));
    rows[bin]! += weight;
    confidence[bin]! += weight * confidences[row]!;
    right[bin]! += weight * isRight[row]!;
  }
  return Array.from({ length: bins }, (_, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    rows: rows[bin]!,
    confidence: rows[bin] === 0 ? 0 : confidence[bin]! / rows[bin]!,
    accuracy: rows[bin] === 0 ? 0 : right[bin]! / rows[bin]!,
  }));
}

/** Expected calibration error: mean gap between confidence and accuracy of the bins (Naeini et al. 2015). */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { rows }) => sum + rows, 0);
  return bins.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.confidence - bin.accuracy), 0) / total;
}
