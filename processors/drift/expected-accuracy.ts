// Accuracy without labels: of answers that were given with calibrated confidences, as many are right as the confidences
// add up to (confidence-based performance estimation, NannyML’s CBPE). It holds as long as the confidences stay
// calibrated: a world in which the same words come to mean something else is not seen here, only by labels.

export interface ExpectedAccuracy {
  /** Share of right answers that is to be expected, 0 to 1. */
  readonly accuracy: number;
  /** Holds the share that really is right 95 times of 100, if the confidences are calibrated. */
  readonly interval: readonly [low: number, high: number];
}

const deviation = 1.959963984540054;

/**
 * What calibrated confidences of the answers promise. The interval is that of a sum of independent events of these
 * probabilities (its variance is Σp(1−p)), so it is narrower where the confidences are near 0 or 1; NannyML takes three
 * times the deviation of the reference rows over √n. Null without messages.
 */
export function expectedAccuracy(confidences: Iterable<number>): ExpectedAccuracy | null {
  let [messages, sum, variance] = [0, 0, 0];
  for (const confidence of confidences) {
    messages++;
    sum += confidence;
    variance += confidence * (1 - confidence);
  }
  return messages === 0 ? null : around(sum / messages, deviation * (Math.sqrt(variance) / messages));
}

export interface BinaryExpectation {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * The same of a yes-or-no question: expected figures when yes is said from `threshold` on, from the calibrated
 * probabilities of yes. A figure whose denominator is 0 is 0.
 */
export function expectedBinary(probabilities: Iterable<number>, threshold = 0.5): BinaryExpectation {
  let [truePositive, falsePositive, falseNegative, trueNegative] = [0, 0, 0, 0];
  for (const probability of probabilities) {
    if (probability >= threshold) {
      truePositive += probability;
      falsePositive += 1 - probability;
    } else {
      falseNegative += probability;
      trueNegative += 1 - probability;
    }
  }
  const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  const right = truePositive + trueNegative;
  return {
    accuracy: ratio(right, right + falsePositive + falseNegative),
    precision: ratio(truePositive, truePositive + falsePositive),
    recall: ratio(truePositive, truePositive + falseNegative),
    f1: ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative),
  };
}

export interface BinnedAccuracy extends ExpectedAccuracy {
  /** What the accuracy may be off from that of the confidences themselves, whatever they are within their bins. */
  readonly bound: number;
}

/**
 * What a histogram of calibrated confidences promises: `edges` n ascending, `counts` n + 1, the first bin from
 * `lowest` (1 / number of labels: no leading answer has less), the last to 1. Every confidence counts as the middle of its
 * bin; the interval holds the error of that as well. Null without messages. Throws `RangeError` when edges and counts do
 * not fit.
 */
export function expectedAccuracyOfBins(
  edges: readonly number[],
  counts: readonly number[],
  lowest = 0,
): BinnedAccuracy | null {
  if (counts.length !== edges.length + 1)
    throw new RangeError(`${edges.length} edges make ${edges.length + 1} bins, not ${counts.length}.`);
  const messages = counts.reduce((sum, count) => sum + count, 0);
  if (messages === 0) return null;
  let [sum, widths, variance] = [0, 0, 0];
  for (const [bin, count] of counts.entries()) {
    const from = Math.min(1, Math.max(lowest, edges[bin - 1] ?? lowest));
    const to = Math.min(1, Math.max(from, edges[bin] ?? 1));
    const middle = (from + to) / 2;
    sum += count * middle;
    widths += count * (to - from);
    variance += count * middle * (1 - middle);
  }
  const bound = widths / 2 / messages;
  return {
    ...around(sum / messages, bound + deviation * (Math.sqrt(variance) / messages)),
    bound,
  };
}

function around(accuracy: number, reach: number): ExpectedAccuracy {
  return { accuracy, interval: [Math.max(0, accuracy - reach), Math.min(1, accuracy + reach)] };
}
