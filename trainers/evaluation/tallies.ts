// Precision, recall and F1 by label and over labels, for rows of which one or several labels hold. A ratio with nothing
// below its line is 0, as in scikit-learn with `zero_division=0`.

/** For each label, how often it was called rightly, called at all, and held. */
export interface Tallies {
  readonly right: Float64Array;
  readonly called: Float64Array;
  readonly held: Float64Array;
}

/** Label indices of each row: row i has `labels[offsets[i]]` up to `labels[offsets[i + 1]]`. */
export interface LabelSets {
  readonly labels: Int32Array;
  readonly offsets: Int32Array;
}

/** Packs label indices row by row. */
export function packLabels(rows: readonly (readonly number[])[]): LabelSets {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, at) => {
    offsets[at + 1] = offsets[at]! + row.length;
  });
  return { labels: Int32Array.from(rows.flat()), offsets };
}

/** Counts called labels against held ones; `weights` says how often each row counts. */
export function tallyOf(
  held: LabelSets,
  called: LabelSets,
  labels: number,
  weights?: ArrayLike<number>,
): Tallies {
  const tallies = {
    right: new Float64Array(labels),
    called: new Float64Array(labels),
    held: new Float64Array(labels),
  };
  for (let row = 0; row + 1 < held.offsets.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    if (weight === 0) continue;
    const [from, to] = [held.offsets[row]!, held.offsets[row + 1]!];
    for (let at = from; at < to; at++) tallies.held[held.labels[at]!]! += weight;
    for (let at = called.offsets[row]!; at < called.offsets[row + 1]!; at++) {
      const label = called.labels[at]!;
      tallies.called[label]! += weight;
      for (let other = from; other < to; other++) {
        if (held.labels[other] === label) tallies.right[label]! += weight;
      }
    }
  }
  return tallies;
}

export interface Rates {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** Rates of one label. */
export function ratesOf({ right, called, held }: Tallies, label: number): Rates {
  return {
    precision: ratio(right[label]!, called[label]!),
    recall: ratio(right[label]!, held[label]!),
    f1: ratio(2 * right[label]!, called[label]! + held[label]!),
    support: held[label]!,
  };
}

/** Mean F1 of the labels that some row holds; NaN where none does. */
export function macroF1(tallies: Tallies): number {
  return meanF1(tallies, (support) => (support > 0 ? 1 : 0));
}

/** Mean F1 of the labels, each counting as often as it holds; NaN where none does. */
export function weightedF1(tallies: Tallies): number {
  return meanF1(tallies, (support) => support);
}

/** F1 of all decisions together: the accuracy where one label holds and one is called. */
export function microF1({ right, called, held }: Tallies): number {
  return ratio(2 * sum(right), sum(called) + sum(held));
}

function meanF1(tallies: Tallies, weigh: (support: number) => number): number {
  let total = 0;
  let weights = 0;
  for (let label = 0; label < tallies.held.length; label++) {
    const weight = weigh(tallies.held[label]!);
    if (weight === 0) continue;
    total += weight * ratio(2 * tallies.right[label]!, tallies.called[label]! + tallies.held[label]!);
    weights += weight;
  }
  return total / weights;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
