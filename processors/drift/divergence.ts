// How far two histograms are from each other, and how far they may be by chance.
import { valueOfDivergence } from './statistics/divergences.ts';

/**
 * Population stability index of aligned bin counts, half a count added to every bin: 0 when equal, without upper bound.
 * Throws `RangeError` when the lists differ in length or are empty.
 */
export function populationStabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  checkAligned(expected, actual);
  return valueOfDivergence('psi', { expected, actual });
}

/**
 * Jensen–Shannon divergence in bits of aligned bin counts: 0 when equal, 1 when no bin is shared.
 * Throws `RangeError` when the lists differ in length, are empty or hold nothing.
 */
export function jensenShannon(expected: readonly number[], actual: readonly number[]): number {
  checkAligned(expected, actual);
  if (total(expected) === 0 || total(actual) === 0)
    throw new RangeError('A histogram without counts has no shares.');
  return valueOfDivergence('jensen-shannon', { expected, actual });
}

/** Counts of two samples of one distribution. */
export interface Samples {
  readonly bins: number;
  readonly expected: number;
  readonly actual: number;
}

/** What a statistic comes to although nothing drifted. */
export interface Chance {
  /** Its mean. */
  readonly mean: number;
  /** What it exceeds once in 10,000 windows. */
  readonly rare: number;
}

/**
 * What the population stability index comes to by chance: (1/n + 1/m) times a χ² variable of bins − 1 degrees of
 * freedom, for samples of n and m (Yurdakul, “Statistical properties of population stability index”, 2018).
 */
export function stabilityByChance({ bins, expected, actual }: Samples): Chance {
  const scale = 1 / expected + 1 / actual;
  const freedom = Math.max(1, bins - 1);
  return { mean: scale * freedom, rare: scale * chiSquareRare(freedom) };
}

/** Near equality the divergence in bits is the index over 8·ln 2: both are χ² sums to second order. */
export function divergenceByChance(samples: Samples): Chance {
  const { mean, rare } = stabilityByChance(samples);
  return { mean: mean / (8 * Math.LN2), rare: rare / (8 * Math.LN2) };
}

/** Normal deviate that is exceeded once in 10,000 times. */
const rareDeviate = 3.719016485455709;

/** 0.9999 quantile of χ² (Wilson and Hilferty, 1931): 7 % too high at one degree of freedom, 1 % at nine. */
export function chiSquareRare(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + rareDeviate * Math.sqrt(spread)) ** 3;
}

function checkAligned(expected: readonly number[], actual: readonly number[]): void {
  if (expected.length !== actual.length || expected.length === 0) {
    throw new RangeError(`Histograms of ${expected.length} and ${actual.length} bins cannot be compared.`);
  }
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
