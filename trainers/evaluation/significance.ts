// Whether the difference between two models on the same rows is more than chance would give.
import { ranks } from './correlation.ts';
import { chiSquareTail, fairCoinTail, normalTwoSided, studentTwoSided } from './distributions.ts';

export interface McNemar {
  /** Rows only the first, and only the second, got right. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided, exact: those rows thrown as fair coins. 1 where there are none. */
  readonly exact: number;
  /** Chi-square with continuity correction (Edwards 1948): for comparison with other tools. */
  readonly chiSquare: number;
  readonly approximate: number;
}

/** McNemar's test from counts of the rows that only one of two models got right. */
export function mcNemar(onlyFirst: number, onlySecond: number): McNemar {
  const differing = onlyFirst + onlySecond;
  const chiSquare = differing === 0 ? 0 : Math.max(0, Math.abs(onlyFirst - onlySecond) - 1) ** 2 / differing;
  return {
    onlyFirst,
    onlySecond,
    exact: Math.min(1, 2 * fairCoinTail(Math.min(onlyFirst, onlySecond), differing)),
    chiSquare,
    approximate: chiSquareTail(chiSquare, 1),
  };
}

export interface TestResult {
  readonly statistic: number;
  /** Two-sided. */
  readonly p: number;
}

/** Student's t-test on the differences of pairs; NaN below two pairs or where all differences are equal. */
export function pairedT(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  const differences = differencesOf(a, b);
  const rows = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / rows;
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (rows < 2 || squares === 0) return { statistic: Number.NaN, p: Number.NaN };
  const statistic = mean / Math.sqrt(squares / (rows - 1) / rows);
  return { statistic, p: studentTwoSided(statistic, rows - 1) };
}

/**
 * Wilcoxon's signed-rank test by the normal approximation with correction for ties, pairs without a difference left
 * out; good from about twenty differing pairs. NaN where no pair differs.
 */
export function wilcoxon(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  const differences = differencesOf(a, b).filter((value) => value !== 0);
  const rows = differences.length;
  if (rows === 0) return { statistic: Number.NaN, p: Number.NaN };
  const placed = ranks(differences.map(Math.abs));
  let positive = 0;
  differences.forEach((value, row) => {
    if (value > 0) positive += placed[row]!;
  });
  const tied = new Map<number, number>();
  for (const rank of placed) tied.set(rank, (tied.get(rank) ?? 0) + 1);
  const ties = [...tied.values()].reduce((sum, size) => sum + size ** 3 - size, 0);
  const variance = (rows * (rows + 1) * (2 * rows + 1) - ties / 2) / 24;
  const total = (rows * (rows + 1)) / 2;
  const z = (positive - total / 2) / Math.sqrt(variance);
  return { statistic: Math.min(positive, total - positive), p: normalTwoSided(z) };
}

const differencesOf = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: a.length }, (_, row) => a[row]! - b[row]!);
