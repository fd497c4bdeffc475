// Every statistic against scikit-learn and SciPy (tests/golden/metrics/make.py), and its edge cases.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { calibrated } from '../../../processors/inference/calibration.ts';
import { bootstrap, percentileInterval } from '../../../trainers/evaluation/bootstrap.ts';
import {
  brier,
  brierOfRows,
  calibrationError,
  logLoss,
  reliability,
} from '../../../trainers/evaluation/confidence.ts';
import {
  accuracy,
  balancedAccuracy,
  confusionOf,
  kappa,
  matthews,
} from '../../../trainers/evaluation/confusion.ts';
import { kendall, pearson, ranks, spearman } from '../../../trainers/evaluation/correlation.ts';
import {
  averagePrecision,
  descending,
  macroAuc,
  macroAveragePrecision,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
} from '../../../trainers/evaluation/curves.ts';
import { logGamma, normalTwoSided, studentTwoSided } from '../../../trainers/evaluation/distributions.ts';
import { fitIsotonic } from '../../../trainers/evaluation/isotonic.ts';
import { fitPlatt, logOdds } from '../../../trainers/evaluation/platt.ts';
import { wilson } from '../../../trainers/evaluation/proportion.ts';
import {
  averagePrecisionOf,
  ndcgAt,
  recallAt,
  reciprocalRank,
} from '../../../trainers/evaluation/rankings.ts';
import { mcNemar, pairedT, wilcoxon } from '../../../trainers/evaluation/significance.ts';
import {
  macroF1,
  microF1,
  packLabels,
  ratesOf,
  tallyOf,
  weightedF1,
} from '../../../trainers/evaluation/tallies.ts';
import {
  meanAbsoluteError,
  rootMeanSquareError,
  rSquared,
  shareWithin,
} from '../../../trainers/evaluation/values.ts';

type Golden = Record<string, number & number[] & number[][] & { readonly [name: string]: number & number[] }>;
const golden = JSON.parse(
  readFileSync(new URL('../../golden/metrics/metrics.json', import.meta.url), 'utf8'),
) as Record<string, readonly Golden[]> & { readonly bootstrap: Golden };

/** The same to 1e-9, relative above one; null stands for NaN. */
function close(actual: number, expected: number | null | undefined, what: string): void {
  assert.notEqual(expected, undefined, `${what} is not in the golden file`);
  const wanted = expected ?? Number.NaN;
  const isClose = Math.abs(actual - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
  assert.ok(isClose || (Number.isNaN(wanted) && Number.isNaN(actual)), `${what}: ${actual}, not ${wanted}`);
}

function closeAll(actual: ArrayLike<number>, expected: readonly (number | null)[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, at) => {
    close(actual[at]!, value, `${what}[${at}]`);
  });
}

describe('one label a row', () => {
  for (const [at, one] of golden.single!.entries()) {
    const { labels, held, called } = one as unknown as { labels: number; held: number[]; called: number[] };
    const matrix = (one.probabilities as number[][]).flat();
    const confusion = confusionOf(held, called, labels);
    const tallies = tallyOf(
      packLabels(held.map((label) => [label])),
      packLabels(called.map((label) => [label])),
      labels,
    );

    test(`set ${at}: figures of the confusion matrix`, () => {
      assert.deepEqual([...confusion.counts], (one.confusion as number[][]).flat());
      close(accuracy(confusion), one.accuracy!, 'accuracy');
      close(balancedAccuracy(confusion), one.balancedAccuracy!, 'balanced accuracy');
      close(matthews(confusion), one.matthews!, 'Matthews');
      close(kappa(confusion), one.kappa!, 'kappa');
      close(kappa(confusion, 'linear'), one.kappaLinear!, 'linear kappa');
      close(kappa(confusion, 'quadratic'), one.kappaQuadratic!, 'quadratic kappa');
    });

    test(`set ${at}: precision, recall and F1`, () => {
      close(macroF1(tallies), one.macroF1!, 'macro-F1');
      close(microF1(tallies), one.microF1!, 'micro-F1');
      close(weightedF1(tallies), one.weightedF1!, 'weighted F1');
      const rates = Array.from({ length: labels }, (_, label) => ratesOf(tallies, label));
      for (const name of ['precision', 'recall', 'f1', 'support'] as const)
        closeAll(
          rates.map((rate) => rate[name]),
          one[name] as number[],
          name,
        );
    });

    test(`set ${at}: probabilities`, () => {
      close(logLoss(held.map((label, row) => matrix[row * labels + label]!)), one.logLoss!, 'log loss');
      close(brierOfRows(matrix, held, labels), one.brier!, 'Brier');
      const holds = (row: number, label: number) => held[row] === label;
      close(macroAuc(matrix, labels, holds), one.macroAuc!, 'macro AUC');
      close(macroAveragePrecision(matrix, labels, holds), one.macroAveragePrecision!, 'macro AP');
    });
  }
});

describe('scores of two labels', () => {
  for (const [at, two] of golden.binary!.entries()) {
    const [scores, holds, weights] = [two.scores as number[], two.holds as number[], two.weights as number[]];

    test(`set ${at}: curves and areas, rows counted once and several times`, () => {
      close(rocAuc({ scores, holds }), two.rocAuc!, 'AUC');
      close(
        rocAuc({ scores, holds, weights, order: descending(scores) }),
        two.rocAucWeighted!,
        'weighted AUC',
      );
      close(averagePrecision({ scores, holds }), two.averagePrecision!, 'AP');
      close(averagePrecision({ scores, holds, weights }), two.averagePrecisionWeighted!, 'weighted AP');
      const flat = (points: readonly { readonly x: number; readonly y: number }[]) =>
        points.flatMap(({ x, y }) => [x, y]);
      closeAll(flat(rocCurve({ scores, holds })), (two.roc as number[][]).flat(), 'ROC');
      const curve = precisionRecallCurve({ scores, holds });
      closeAll(flat(curve), (two.precisionRecall as number[][]).flat(), 'PR');
      closeAll(
        curve.map(({ threshold }) => threshold),
        two.thresholds as number[],
        'thresholds',
      );
    });

    test(`set ${at}: rows that count several times`, () => {
      const called = scores.map((score) => (score >= 0.5 ? 1 : 0));
      const confusion = confusionOf(holds, called, 2, weights);
      close(accuracy(confusion), two.accuracyWeighted!, 'accuracy');
      close(matthews(confusion), two.matthewsWeighted!, 'Matthews');
      const sets = [holds, called].map((rows) => packLabels(rows.map((label) => [label])));
      close(macroF1(tallyOf(sets[0]!, sets[1]!, 2, weights)), two.f1Weighted!, 'F1');
    });

    test(`set ${at}: calibration`, () => {
      close(brier(scores, holds), two.brier!, 'Brier');
      close(logLoss(scores.map((score, row) => (holds[row] ? score : 1 - score))), two.logLoss!, 'log loss');
      close(calibrationError(reliability(scores, holds)), two.calibrationError!, 'ECE');
      const curve = fitIsotonic(scores, holds);
      closeAll(
        (two.grid as number[]).map((score) => calibrated(curve, score)),
        two.isotonic as number[],
        'isotonic',
      );
      const { slope, offset } = fitPlatt(scores.map(logOdds), holds);
      closeAll([slope, offset], two.platt as number[], 'Platt');
    });
  }
});

test('several labels a row', () => {
  for (const many of golden.several!) {
    const [held, called] = [many.held, many.called].map((rows) => packLabels(rows as number[][]));
    const tallies = tallyOf(held!, called!, many.labels!);
    close(macroF1(tallies), many.macroF1!, 'macro-F1');
    close(microF1(tallies), many.microF1!, 'micro-F1');
    close(weightedF1(tallies), many.weightedF1!, 'weighted F1');
  }
});

test('values', () => {
  for (const one of golden.values!) {
    const [truth, said] = [one.truth as number[], one.said as number[]];
    close(meanAbsoluteError(truth, said), one.mae!, 'MAE');
    close(rootMeanSquareError(truth, said), one.rmse!, 'RMSE');
    close(rSquared(truth, said), one.r2!, 'R²');
    close(shareWithin(truth, said, 5), one.within5!, 'within 5');
    close(shareWithin(truth, said, 10), one.within10!, 'within 10');
    close(pearson(truth, said), one.pearson!, 'Pearson');
    close(spearman(truth, said), one.spearman!, 'Spearman');
    close(kendall(truth, said), one.kendall!, 'Kendall');
    closeAll(ranks(said), one.ranks as number[], 'ranks');
    const [t, w] = [pairedT(truth, said), wilcoxon(truth, said)];
    closeAll([t.statistic, t.p], one.pairedT as number[], 'paired t');
    closeAll([w.statistic, w.p], one.wilcoxon as number[], 'Wilcoxon');
  }
});

test('ranked lists', () => {
  for (const one of golden.rankings!) {
    const ordered = one.ordered as number[];
    close(ndcgAt(5, ordered), one.ndcg5!, 'NDCG@5');
    close(ndcgAt(10, ordered), one.ndcg10!, 'NDCG@10');
    close(averagePrecisionOf(ordered), one.averagePrecision!, 'AP');
    close(reciprocalRank(ordered), one.reciprocalRank!, 'reciprocal rank');
    close(recallAt(3, ordered), one.recall3!, 'recall@3');
  }
  // What was never listed still counts: two of four relevant ones found.
  assert.equal(averagePrecisionOf([1, 0, 1], 4), (1 + 2 / 3) / 4);
  assert.equal(recallAt(5, [1, 0, 1], 4), 0.5);
  close(ndcgAt(5, [1], [3, 1]), 1 / (3 + 1 / Math.log2(3)), 'NDCG with an unlisted better one');
});

test('tests and tails', () => {
  for (const { first, second, ...expected } of golden.mcNemar!) {
    const actual = mcNemar(first!, second!);
    for (const name of ['exact', 'chiSquare', 'approximate'] as const)
      close(actual[name], expected[name]!, `McNemar ${first}:${second} ${name}`);
  }
  for (const { right, rows, low, high } of golden.proportions!) {
    const actual = wilson(right!, rows!);
    closeAll([actual.low, actual.high], [low!, high!], `Wilson ${right}/${rows}`);
  }
  for (const [z, p] of golden.normal as unknown as number[][]) close(normalTwoSided(z!), p, `normal ${z}`);
  for (const [t, n, p] of golden.student as unknown as number[][])
    close(studentTwoSided(t!, n!), p, `t ${t}`);
  for (const [x, value] of golden.logGamma as unknown as number[][]) close(logGamma(x!), value, `gamma ${x}`);
});

test('the bootstrap draws what the Python version of its generator draws', async () => {
  const { held, called, times, seed } = golden.bootstrap as unknown as Record<string, number[] & number>;
  const draws = await bootstrap({ rows: held!.length, times: times!, seed: seed! }, (drawn) => {
    const confusion = confusionOf(held!, called!, 3, drawn);
    return [accuracy(confusion), matthews(confusion)];
  });
  for (const [at, name] of ['accuracy', 'matthews'].entries()) {
    const interval = percentileInterval(draws[at]!)!;
    closeAll([interval.low, interval.high], golden.bootstrap[name] as number[], name);
  }
});
