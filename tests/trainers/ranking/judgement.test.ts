// Rankings are measured question by question: by hand-counted examples.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeMeasures, measureRanking, rankedGains } from '../../../trainers/ranking/judgement.ts';

test('a hand-counted ranking', () => {
  const { mrr, map, ndcg5 } = measureRanking([0, 1, 0, 1, 0, 0]);
  assert.equal(mrr, 1 / 2);
  assert.equal(map, (1 / 2 + 2 / 4) / 2);
  const best = 1 + 1 / Math.log2(3);
  assert.ok(Math.abs(ndcg5 - (1 / Math.log2(3) + 1 / Math.log2(5)) / best) < 1e-12);
});

test('right answers that were never found count against it', () => {
  const { map, mrr, ndcg10 } = measureRanking([1], [1, 1, 0]);
  assert.equal(mrr, 1);
  assert.equal(map, 1 / 2);
  assert.ok(ndcg10 < 0.7);
});

test('equal scores earn nothing: the wrong ones go first', () => {
  assert.deepEqual(rankedGains([1, 1, 1], [true, false, false]), [0, 0, 1]);
  assert.deepEqual(rankedGains([1, 3, 2], [true, false, true]), [0, 1, 1]);
});

test('means over questions lie within their intervals, and equal ones leave no doubt', async () => {
  const measures = [1, 0.5, 0.25, 1].map((mrr) => ({ mrr, map: 0.5, ndcg5: 0.5, ndcg10: 0.5 }));
  const judgement = await judgeMeasures(measures, 1);
  assert.equal(judgement.questions, 4);
  assert.equal(judgement.mrr, 0.6875);
  assert.ok(judgement.intervals.mrr.low < 0.6875 && judgement.intervals.mrr.high > 0.6875);
  assert.deepEqual(judgement.intervals.map, { low: 0.5, high: 0.5 });
});
