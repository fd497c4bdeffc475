// What is learned about the cost of runs: a line, found through noise and outliers, that follows a change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LearnedCost } from '../../../../processors/inference/batching/cost.ts';
import { createRandom } from '../../../../trainers/random.ts';

const nearly = (actual: number, expected: number, share: number) =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${actual} is not ${expected}`);

function run(cost: LearnedCost, runs: number, msOf: (units: number, random: () => number) => number): void {
  const random = createRandom(runs);
  for (let at = 0; at < runs; at++) {
    const units = 16 + Math.floor(1_000 * random());
    cost.observe({ units, ms: msOf(units, random) });
  }
}

test('two first runs already make a line, and nothing is promised before', () => {
  const unknown = new LearnedCost();
  assert.equal(unknown.isKnown, false);
  assert.equal(unknown.unitsWithin(10), Number.POSITIVE_INFINITY);
  const cost = new LearnedCost([
    { units: 10, ms: 3 },
    { units: 110, ms: 13 },
  ]);
  nearly(cost.expectedMs(60), 8, 0.02);
  nearly(cost.unitsWithin(8), 60, 0.02);
  nearly(cost.unitsPerRun, 20, 0.05);
});

test('noise and runs that took ten times as long do not hide the line', () => {
  const cost = new LearnedCost();
  run(cost, 600, (units, random) => (2 + units / 50) * (0.9 + 0.2 * random()) * (random() < 0.03 ? 10 : 1));
  nearly(cost.expectedMs(100), 4, 0.25);
  nearly(cost.expectedMs(1_000), 22, 0.25);
  assert.ok(cost.error > 0.01 && cost.error < 1, `error ${cost.error}`);
});

test('a machine that became four times slower is learned within some runs', () => {
  const cost = new LearnedCost();
  run(cost, 300, (units) => 1 + units / 100);
  run(cost, 300, (units) => 4 + units / 25);
  nearly(cost.expectedMs(500), 24, 0.1);
});

test('runs of one size keep what a run itself was known to cost', () => {
  const cost = new LearnedCost([
    { units: 10, ms: 3 },
    { units: 110, ms: 13 },
  ]);
  for (let at = 0; at < 500; at++) cost.observe({ units: 100, ms: 12 });
  nearly(cost.expectedMs(100), 12, 0.02);
  nearly(cost.unitsPerRun, 20, 0.3);
});
