// Statistics of bins without an order: divergences between shares, and Pearson’s χ² of the two samples.
import { chiSquareTail } from './gamma.ts';
import type { Sides } from './pooling.ts';

/** Shares of the bins on both sides; each side adds up to one. */
export interface Shares {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export type Divergence = 'psi' | 'jensen-shannon' | 'kullback-leibler' | 'hellinger';

export const isDivergence = (name: string): name is Divergence => Object.hasOwn(divergences, name);

/**
 * Shares of counts, `added` to every bin first. Half a count (Jeffreys’ prior) gives an empty bin a share to
 * compare with; 0 leaves it empty.
 */
export function sharesOf({ expected, actual }: Sides, added: number): Shares {
  const share = (counts: readonly number[]): readonly number[] => {
    const all = sum(counts) + added * counts.length;
    return counts.map((count) => (count + added) / all);
  };
  return { before: share(expected), after: share(actual) };
}

/** Each is 0 for equal shares and symmetric, but for Kullback and Leibler’s. */
export const divergences: Readonly<Record<Divergence, (shares: Shares) => number>> = {
  /** Population stability index: Σ (a − b)·ln(a/b). Without upper bound; needs shares above zero. */
  psi: (shares) => addUp(shares, (before, after) => (after - before) * Math.log(after / before)),
  /** Σ b·ln(b/a) in nats, of the baseline from the window. Without upper bound; needs shares above zero. */
  'kullback-leibler': (shares) => addUp(shares, (before, after) => before * Math.log(before / after)),
  /** Jensen–Shannon divergence in bits, not its square root, the distance: 0–1 (Lin, 1991). */
  'jensen-shannon': (shares) =>
    addUp(shares, (before, after) => {
      const middle = (before + after) / 2;
      return halfBits(before, middle) + halfBits(after, middle);
    }),
  /** Hellinger distance, √(1 − Σ √(a·b)): 0–1. Written so that equal shares give exactly 0. */
  hellinger: (shares) =>
    Math.sqrt(addUp(shares, (before, after) => (Math.sqrt(after) - Math.sqrt(before)) ** 2) / 2),
};

/** Half a count goes to each bin where a logarithm of a ratio would not survive an empty one. */
const added: Readonly<Record<Divergence, number>> = {
  psi: 0.5,
  'kullback-leibler': 0.5,
  'jensen-shannon': 0,
  hellinger: 0,
};

export const valueOfDivergence = (name: Divergence, bins: Sides): number =>
  divergences[name](sharesOf(bins, added[name]));

/**
 * To second order every divergence is Σ (a − b)²/b times a constant, and that sum is (1/n + 1/m) times a χ² variable
 * of bins − 1 degrees of freedom for samples of n and m (Yurdakul, “Statistical properties of population stability
 * index”, 2018; for the others Csiszár and Shields, 2004, lemma 4.1).
 */
const chiSquaresPer: Readonly<Record<Divergence, (value: number) => number>> = {
  psi: (value) => value,
  'kullback-leibler': (value) => 2 * value,
  'jensen-shannon': (value) => 8 * Math.LN2 * value,
  hellinger: (value) => 8 * value ** 2,
};

/** The asymptotic p-value of a divergence of bins that should hold ten messages on either side. */
export function divergenceTail(name: Divergence, value: number, bins: Sides): number {
  const scale = 1 / sum(bins.expected) + 1 / sum(bins.actual);
  return chiSquareTail(chiSquaresPer[name](value) / scale, bins.expected.length - 1);
}

/**
 * The share of messages that would have to change their bin (total variation), but for the Hellinger and
 * Jensen–Shannon distances, which are effects themselves.
 */
export function divergenceEffect(name: Divergence, value: number, bins: Sides): number {
  if (name === 'hellinger') return value;
  if (name === 'jensen-shannon') return Math.sqrt(value);
  return addUp(sharesOf(bins, 0), (before, after) => Math.abs(after - before)) / 2;
}

/**
 * Pearson’s χ² of the two-row table of both samples (homogeneity, no continuity correction). Bins that are
 * empty on both sides are left out. The effect is Cohen’s w of the window from the baseline, √Σ (a − b)²/b, null
 * where a bin of the window is empty in the baseline.
 */
export function chiSquare({ expected, actual }: Sides): {
  readonly value: number;
  readonly effect: number | null;
  readonly pValue: number;
} {
  const [n, m] = [sum(expected), sum(actual)];
  let [value, squares, freedom] = [0, 0, -1];
  for (const [bin, before] of expected.entries()) {
    const after = actual[bin] as number;
    if (before + after === 0) continue;
    freedom++;
    const difference = before / n - after / m;
    value += difference ** 2 / ((before + after) / (n * m));
    squares += difference ** 2 / (before / n);
  }
  const pValue = chiSquareTail(value, Math.max(0, freedom));
  return { value, effect: Number.isFinite(squares) ? Math.sqrt(squares) : null, pValue };
}

const halfBits = (share: number, middle: number): number =>
  share > 0 ? (share / 2) * Math.log2(share / middle) : 0;

/** The sum over bins; rounding can leave −1e-17 where nothing differs. */
function addUp({ before, after }: Shares, term: (before: number, after: number) => number): number {
  let total = 0;
  for (let bin = 0; bin < before.length; bin++) total += term(before[bin] as number, after[bin] as number);
  return Math.max(0, total);
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
