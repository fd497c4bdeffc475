// Drift statistics against figures of NumPy and SciPy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chiSquareRare,
  divergenceByChance,
  jensenShannon,
  populationStabilityIndex,
  stabilityByChance,
} from '../../../processors/drift/divergence.ts';

/**
 * Computed once with NumPy 2.4.6 and SciPy 1.17.1:
 *   p, q = (e + .5) / (e + .5).sum(), (a + .5) / (a + .5).sum(); psi = ((q - p) * np.log(q / p)).sum()
 *   js = scipy.spatial.distance.jensenshannon(e, a, base=2) ** 2
 */
const golden: readonly (readonly [readonly number[], readonly number[], number, number])[] = [
  [[10, 20, 30, 40], [40, 30, 20, 10], 0.8719768526109903, 0.15356065532898452],
  [[100, 0, 50], [80, 5, 65], 0.13418243776160063, 0.0267389023536755],
  [[5, 5], [5, 5], 0, 0],
  [[1, 0], [0, 1], 1.0986122886681098, 1],
  [[1200, 800, 600, 400, 3], [90, 120, 40, 0, 60], 1.6760602722742097, 0.17924789896846297],
];

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

test('population stability index and Jensen–Shannon divergence are those of NumPy and SciPy', () => {
  for (const [expected, actual, psi, divergence] of golden) {
    near(populationStabilityIndex(expected, actual), psi);
    near(jensenShannon(expected, actual), divergence);
  }
});

test('the divergence is symmetric and bounded', () => {
  near(jensenShannon([9, 1, 0], [0, 1, 9]), jensenShannon([0, 1, 9], [9, 1, 0]));
  assert.equal(jensenShannon([7, 0], [0, 3]), 1);
});

test('what cannot be compared is refused', () => {
  assert.throws(() => populationStabilityIndex([1, 2], [1]), RangeError);
  assert.throws(() => populationStabilityIndex([], []), RangeError);
  assert.throws(() => jensenShannon([1, 2], [0, 0]), RangeError);
});

test('the rare χ² is near scipy.stats.chi2.ppf(0.9999, k)', () => {
  const exact = [
    [2, 18.42],
    [9, 33.72],
    [30, 67.633],
    [80, 135.783],
  ] as const;
  for (const [freedom, quantile] of exact) {
    const ratio = chiSquareRare(freedom) / quantile;
    assert.ok(ratio >= 1 && ratio < 1.05, `${freedom}: ${ratio}`);
  }
});

test('chance shrinks with samples and grows with bins', () => {
  const few = stabilityByChance({ bins: 10, expected: 6_000, actual: 500 });
  near(few.mean, 9 * (1 / 6_000 + 1 / 500));
  assert.ok(few.rare > few.mean);
  assert.ok(stabilityByChance({ bins: 10, expected: 6_000, actual: 5_000 }).rare < few.rare);
  assert.ok(stabilityByChance({ bins: 40, expected: 6_000, actual: 500 }).mean > few.mean);
  near(divergenceByChance({ bins: 10, expected: 6_000, actual: 500 }).mean, few.mean / (8 * Math.LN2));
});
