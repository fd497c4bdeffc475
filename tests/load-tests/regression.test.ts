// When the regression check says that something became slower.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, resultOf } from '../../load-tests/regression/verdict.ts';

const round = (cpuRatio: number) => ({
  cpuRatio,
  wallRatio: 1,
  recordsPerCpuSecond: 10,
  recordsPerSecond: 10,
});

test('the median of the rounds counts, whatever one bad round says', () => {
  const { cpuRatio, spread } = resultOf('chained', [round(0.5), round(0.52), round(0.1)]);
  assert.equal(cpuRatio, 0.5);
  assert.equal(spread, 0.84);
  assert.equal(resultOf('chained', [round(0.4), round(0.6)]).cpuRatio, 0.5);
});

test('a ratio that fell by more than the tolerance is told, one that is new is not', () => {
  const results = [
    resultOf('chained', [round(0.4)]),
    resultOf('route', [round(0.4)]),
    resultOf('new', [round(0.1)]),
  ];
  const stored = [
    { job: 'chained', cpuRatio: 0.5 },
    { job: 'route', cpuRatio: 0.45 },
  ];
  const told = compare(results, stored, 0.15).map(({ job, change, fell }) => ({ job, change, fell }));
  assert.deepEqual(told, [
    { job: 'chained', change: -0.2, fell: true },
    { job: 'route', change: -0.1111, fell: false },
    { job: 'new', change: null, fell: false },
  ]);
});
