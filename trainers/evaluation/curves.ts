// How well a score puts what holds before what does not: ROC and precision-recall curves and the areas below them.
// Equal scores are one step of a curve, so the order of rows never matters.

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Calling every row with a score of at least this gives this point. */
  readonly threshold: number;
}

/** Rows from the highest score to the lowest. Sorting once serves every resampling of the same rows. */
export function descending(scores: ArrayLike<number>): Int32Array {
  const order = Int32Array.from({ length: scores.length }, (_, row) => row);
  return order.sort((a, b) => scores[b]! - scores[a]!);
}

interface Judged {
  readonly scores: ArrayLike<number>;
  /** 1 where it holds, else 0. */
  readonly holds: ArrayLike<number>;
  /** How often each row counts; once where it is left out. */
  readonly weights?: ArrayLike<number> | undefined;
  /** `descending(scores)`, where it is known already. */
  readonly order?: Int32Array | undefined;
}

/** Calls `step` after each run of equal scores with how many were called so far, rightly and wrongly. */
function walk(
  { scores, holds, weights, order = descending(scores) }: Judged,
  step: (right: number, wrong: number, threshold: number) => void,
): void {
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < order.length; at++) {
    const row = order[at]!;
    const weight = weights === undefined ? 1 : weights[row]!;
    if (holds[row]) right += weight;
    else wrong += weight;
    if (at + 1 === order.length || scores[order[at + 1]!] !== scores[row]) step(right, wrong, scores[row]!);
  }
}

/**
 * Area under the ROC curve: how often a row that holds has a higher score than one that does not, equal scores
 * counting half. NaN where all rows hold or none does.
 */
export function rocAuc(judged: Judged): number {
  let area = 0;
  let [right, wrong] = [0, 0];
  walk(judged, (nextRight, nextWrong) => {
    area += ((nextWrong - wrong) * (nextRight + right)) / 2;
    [right, wrong] = [nextRight, nextWrong];
  });
  return area / (right * wrong);
}

/** Mean precision at each rise of recall, without interpolation; NaN where no row holds. */
export function averagePrecision(judged: Judged): number {
  let area = 0;
  let held = 0;
  walk(judged, (right, wrong) => {
    if (right + wrong > 0) area += ((right - held) * right) / (right + wrong);
    held = right;
  });
  return area / held;
}

/** False positive rate (x) against true positive rate (y), from (0, 0); empty where all rows hold or none does. */
export function rocCurve(judged: Judged): readonly Point[] {
  const steps = stepsOf(judged);
  const { right, wrong } = steps.at(-1) ?? { right: 0, wrong: 0 };
  if (right === 0 || wrong === 0) return [];
  const points = steps.map((step) => ({
    x: step.wrong / wrong,
    y: step.right / right,
    threshold: step.threshold,
  }));
  return [{ x: 0, y: 0, threshold: Number.POSITIVE_INFINITY }, ...points];
}

/** Recall (x) against precision (y), from the highest threshold down; empty where no row holds. */
export function precisionRecallCurve(judged: Judged): readonly Point[] {
  const steps = stepsOf(judged).filter(({ right, wrong }) => right + wrong > 0);
  const held = steps.at(-1)?.right ?? 0;
  if (held === 0) return [];
  return steps.map(({ right, wrong, threshold }) => ({
    x: right / held,
    y: right / (right + wrong),
    threshold,
  }));
}

function stepsOf(judged: Judged) {
  const steps: { readonly right: number; readonly wrong: number; readonly threshold: number }[] = [];
  walk(judged, (right, wrong, threshold) => steps.push({ right, wrong, threshold }));
  return steps;
}

/**
 * Mean one-against-the-rest area over labels, from a row-major matrix of scores. Labels that no row or every row holds
 * have no area and are left out; NaN where that leaves none.
 */
export function macroAuc(
  matrix: ArrayLike<number>,
  labels: number,
  holds: (row: number, label: number) => boolean,
): number {
  return macro(matrix, labels, holds, rocAuc);
}

/** Mean average precision over labels; labels that no row holds are left out. */
export function macroAveragePrecision(
  matrix: ArrayLike<number>,
  labels: number,
  holds: (row: number, label: number) => boolean,
): number {
  return macro(matrix, labels, holds, averagePrecision);
}

function macro(
  matrix: ArrayLike<number>,
  labels: number,
  holds: (row: number, label: number) => boolean,
  area: (judged: Judged) => number,
): number {
  const rows = matrix.length / labels;
  let sum = 0;
  let counted = 0;
  for (let label = 0; label < labels; label++) {
    const scores = Float64Array.from({ length: rows }, (_, row) => matrix[row * labels + label]!);
    const value = area({
      scores,
      holds: Uint8Array.from({ length: rows }, (_, row) => (holds(row, label) ? 1 : 0)),
    });
    if (Number.isNaN(value)) continue;
    sum += value;
    counted++;
  }
  return sum / counted;
}

/** At most `most` points of a curve, first and last among them: what a plot can show. */
export function thinned<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points;
  return Array.from(
    { length: most },
    (_, at) => points[Math.round((at * (points.length - 1)) / (most - 1))]!,
  );
}
