// Figures of answers of which exactly one holds: the confusion matrix and what follows from it. Definitions are
// scikit-learn's; where it warns and picks a number, the comment says which.

/** How often each label was held by rows that were called each label. */
export interface Confusion {
  readonly labels: number;
  /** `counts[held * labels + called]`. */
  readonly counts: Float64Array;
  readonly total: number;
}

/** Counts label indices against each other; `weights` says how often each row counts, once where it is left out. */
export function confusionOf(
  held: ArrayLike<number>,
  called: ArrayLike<number>,
  labels: number,
  weights?: ArrayLike<number>,
): Confusion {
  const counts = new Float64Array(labels * labels);
  let total = 0;
  for (let row = 0; row < held.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    counts[held[row]! * labels + called[row]!]! += weight;
    total += weight;
  }
  return { labels, counts, total };
}

/** Share of rows called what they are; NaN without rows. */
export function accuracy({ labels, counts, total }: Confusion): number {
  let right = 0;
  for (let label = 0; label < labels; label++) right += counts[label * labels + label]!;
  return right / total;
}

/** Mean recall of the labels that some row holds; NaN without rows. */
export function balancedAccuracy(confusion: Confusion): number {
  const { labels, counts } = confusion;
  const { held } = margins(confusion);
  let sum = 0;
  let present = 0;
  for (let label = 0; label < labels; label++) {
    if (held[label] === 0) continue;
    sum += counts[label * labels + label]! / held[label]!;
    present++;
  }
  return sum / present;
}

/** Matthews correlation for any number of labels (Gorodkin 2004); 0 where all rows hold, or are called, one label. */
export function matthews(confusion: Confusion): number {
  const { total } = confusion;
  const { held, called } = margins(confusion);
  const right = accuracy(confusion) * total;
  const product = dot(held, called);
  const spread = Math.sqrt((total ** 2 - dot(called, called)) * (total ** 2 - dot(held, held)));
  return spread === 0 ? 0 : (right * total - product) / spread;
}

export type KappaWeights = 'none' | 'linear' | 'quadratic';

/**
 * Cohen's kappa: agreement beyond chance. Weighted, labels are steps in their order and far misses count more.
 * NaN where both sides use one and the same label only: nothing could have been missed.
 */
export function kappa(confusion: Confusion, weighting: KappaWeights = 'none'): number {
  const { labels, counts, total } = confusion;
  const { held, called } = margins(confusion);
  let missed = 0;
  let byChance = 0;
  for (let a = 0; a < labels; a++) {
    for (let b = 0; b < labels; b++) {
      const cost = distance(a, b, weighting);
      missed += cost * counts[a * labels + b]!;
      byChance += (cost * held[a]! * called[b]!) / total;
    }
  }
  return 1 - missed / byChance;
}

function distance(a: number, b: number, weighting: KappaWeights): number {
  if (weighting === 'none') return a === b ? 0 : 1;
  return weighting === 'linear' ? Math.abs(a - b) : (a - b) ** 2;
}

function margins({ labels, counts }: Confusion) {
  const held = new Float64Array(labels);
  const called = new Float64Array(labels);
  for (let a = 0; a < labels; a++) {
    for (let b = 0; b < labels; b++) {
      held[a]! += counts[a * labels + b]!;
      called[b]! += counts[a * labels + b]!;
    }
  }
  return { held, called };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
