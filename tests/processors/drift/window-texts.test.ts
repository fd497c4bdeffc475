// Windows over the features of texts, and missing values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWindow } from '../../../processors/drift/window.ts';
import { countsOf, ordered, usual } from './windows.ts';

test('features of the texts decide by the share of them that drifted', () => {
  const names = Array.from({ length: 20 }, (_, at) => `feature${at}`);
  const baseline = names.map((name) => ordered(name, [500, 500, 500]));
  const windowOf = (drifted: number) =>
    names.flatMap((name, at) => countsOf(name, at < drifted ? [900, 50, 50] : [333, 333, 334]));
  const one = compareWindow({ baseline, histogram: windowOf(1), ...usual });
  assert.deepEqual([one.verdict, one.dataScore], ['stable', 0.05]);
  const two = compareWindow({ baseline, histogram: windowOf(2), ...usual });
  assert.deepEqual([two.verdict, two.dataScore], ['drifted', 0.1]);
  assert.equal(two.predictionScore, null);
  assert.equal(
    compareWindow({ baseline, histogram: windowOf(2), ...usual, dataThreshold: 0.11 }).verdict,
    'stable',
  );
  assert.deepEqual(
    [...new Set(two.moves.map(({ feature }) => feature))],
    ['feature0', 'feature1'],
    'only drifted features are told of',
  );
});

test('missing values are no bin, and have a statistic of their own', () => {
  const baseline = [ordered('confidence', [500, 500, 1_000])];
  const histogram = [
    ...countsOf('confidence', [250, 250, 500]),
    { feature: 'confidence', bin: 'missing', count: 100 },
  ];
  const without = compareWindow({ baseline, histogram, ...usual });
  assert.deepEqual([without.verdict, without.samples], ['stable', 1_100]);
  const report = compareWindow({ baseline, histogram, ...usual, statistics: ['missing-rate', 'psi'] });
  assert.equal(report.verdict, 'drifted');
  const [rate] = report.statistics;
  assert.deepEqual([rate!.statistic, rate!.drifted], ['missing-rate', true]);
  assert.ok(Math.abs(rate!.value - 100 / 1_100) < 1e-12);
});
