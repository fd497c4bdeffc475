// Statistics where there is little to count: no rows, one label, equal scores, draws without a value.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { percentileInterval } from '../../../trainers/evaluation/bootstrap.ts';
import { brier, calibrationError, logLoss, reliability } from '../../../trainers/evaluation/confidence.ts';
import {
  accuracy,
  balancedAccuracy,
  confusionOf,
  kappa,
  matthews,
} from '../../../trainers/evaluation/confusion.ts';
import { kendall, pearson, spearman } from '../../../trainers/evaluation/correlation.ts';
import {
  averagePrecision,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
  thinned,
} from '../../../trainers/evaluation/curves.ts';
import { wilson } from '../../../trainers/evaluation/proportion.ts';
import { mcNemar, pairedT, wilcoxon } from '../../../trainers/evaluation/significance.ts';
import { macroF1, packLabels, tallyOf } from '../../../trainers/evaluation/tallies.ts';
import { meanAbsoluteError, rSquared } from '../../../trainers/evaluation/values.ts';

describe('edge cases', () => {
  test('no rows have no figures, and do not throw', () => {
    const none = confusionOf([], [], 3);
    for (const value of [
      accuracy(none),
      balancedAccuracy(none),
      logLoss([]),
      brier([], []),
      rSquared([], []),
    ])
      assert.ok(Number.isNaN(value));
    for (const value of [meanAbsoluteError([], []), pearson([], []), kendall([], []), pairedT([], []).p])
      assert.ok(Number.isNaN(value));
    assert.equal(matthews(none), 0);
    assert.ok(Number.isNaN(macroF1(tallyOf(packLabels([]), packLabels([]), 2))));
    assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
    assert.ok(Number.isNaN(calibrationError(reliability([], []))));
  });

  test('one label only has no area, no curve and no correlation', () => {
    const scores = [0.1, 0.9, 0.4];
    for (const holds of [
      [0, 0, 0],
      [1, 1, 1],
    ]) {
      assert.ok(Number.isNaN(rocAuc({ scores, holds })));
      assert.deepEqual(rocCurve({ scores, holds }), []);
    }
    assert.ok(Number.isNaN(averagePrecision({ scores, holds: [0, 0, 0] })));
    assert.equal(averagePrecision({ scores, holds: [1, 1, 1] }), 1);
    assert.deepEqual(precisionRecallCurve({ scores, holds: [0, 0, 0] }), []);
    for (const correlate of [pearson, spearman, kendall])
      assert.ok(Number.isNaN(correlate(scores, [1, 1, 1])));
    assert.ok(Number.isNaN(kappa(confusionOf([1, 1], [1, 1], 2))));
    assert.equal(rSquared([3, 3], [3, 3]), 1);
    assert.equal(rSquared([3, 3], [3, 4]), 0);
    assert.deepEqual(mcNemar(0, 0), { onlyFirst: 0, onlySecond: 0, exact: 1, chiSquare: 0, approximate: 1 });
    assert.ok(Number.isNaN(wilcoxon([1, 2], [1, 2]).p));
  });

  test('all scores equal say nothing: half the area', () => {
    assert.equal(rocAuc({ scores: [0.5, 0.5, 0.5, 0.5], holds: [1, 0, 0, 1] }), 0.5);
  });

  test('a probability of nought for what holds is a large loss, not an infinite one', () => {
    assert.ok(logLoss([0]) > 36 && logLoss([0]) < 37);
  });

  test('draws without a value leave no interval, a few of them are left out', () => {
    assert.equal(percentileInterval(Float64Array.of(Number.NaN, Number.NaN, 1)), null);
    const values = Float64Array.from({ length: 100 }, (_, at) => (at === 7 ? Number.NaN : 3));
    assert.deepEqual(percentileInterval(values), { low: 3, high: 3 });
  });

  test('a thinned curve keeps both ends', () => {
    const points = Array.from({ length: 1_000 }, (_, at) => at);
    const few = thinned(points, 50);
    assert.deepEqual([few.length, few[0], few.at(-1)], [50, 0, 999]);
  });
});
