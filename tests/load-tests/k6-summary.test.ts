// What is read out of k6's summary: rows, judged thresholds, and the step of a ramp that held.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldRate, type Summary, scenarioRows, thresholdRows } from '../../load-tests/k6/summary.ts';

type Step = readonly [rate: number, answered: number, p95: number, dropped: number];

const summary = (steps: readonly Step[]): Summary => ({
  state: { testRunDurationMs: 1_000 },
  metrics: Object.fromEntries(
    steps.flatMap(([rate, answered, p95, dropped]) => [
      [`answered{scenario:at-${rate}}`, { values: { count: answered } }],
      [
        `due_to_answer{scenario:at-${rate}}`,
        {
          values: { med: 1, 'p(95)': p95 },
          thresholds: { 'max>=0': { ok: true }, 'p(95)<100': { ok: p95 < 100 } },
        },
      ],
      [`dropped_iterations{scenario:at-${rate}}`, { values: { count: dropped } }],
    ]),
  ),
});

test('the step that held is the last before the first that did not', () => {
  assert.equal(
    heldRate(
      summary([
        [1_500, 100, 50, 0],
        [1_000, 100, 20, 0],
        [2_000, 100, 130, 0],
      ]),
    ),
    1_500,
  );
  assert.equal(
    heldRate(
      summary([
        [1_000, 100, 20, 0],
        [1_500, 90, 20, 10],
        [2_000, 100, 30, 0],
      ]),
    ),
    1_000,
  );
  assert.equal(heldRate(summary([[1_000, 0, 0, 0]])), null);
  assert.equal(heldRate(summary([[1_000, 100, 100, 0]])), null);
});

test('rows tell each scenario; thresholds that only make k6 tell are left out', () => {
  const one = summary([[1_000, 100, 120.04, 3]]);
  const [row] = scenarioRows(one);
  assert.deepEqual(
    [row?.scenario, row?.answered, row?.dropped, row?.p95Ms, row?.shed],
    ['at-1000', 100, 3, 120, null],
  );
  assert.deepEqual(thresholdRows(one), [
    { metric: 'due_to_answer{scenario:at-1000}', threshold: 'p(95)<100', held: false },
  ]);
});
