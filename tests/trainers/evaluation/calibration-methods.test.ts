// Choosing how to calibrate, and the curve that isotonic regression leaves in a manifest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrated } from '../../../processors/inference/calibration.ts';
import { compareCalibrations, type HeldOut } from '../../../trainers/evaluation/calibration.ts';
import { calibrationError, reliability } from '../../../trainers/evaluation/confidence.ts';
import { fitIsotonic } from '../../../trainers/evaluation/isotonic.ts';
import { fitPlatt } from '../../../trainers/evaluation/platt.ts';
import { createRandom } from '../../../trainers/random.ts';

/** Rows of two labels whose second holds with the probability that `deserved` makes of the log odds. */
function world(rows: number, deserved: (odds: number) => number): HeldOut {
  const random = createRandom(11);
  const logits = new Float64Array(rows * 2);
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const odds = 8 * (random() - 0.5);
    logits[2 * row + 1] = odds;
    labels[row] = random() < deserved(odds) ? 1 : 0;
  }
  const labelOffsets = Int32Array.from({ length: rows + 1 }, (_, at) => at);
  return { logits, labels: 2, activation: 'softmax', truth: { size: rows, labels, labelOffsets } };
}

const logistic = (odds: number) => 1 / (1 + Math.exp(-odds));

test('an honest model gains nothing by calibration, and loses little', () => {
  const loss = compareCalibrations(world(4_000, logistic));
  for (const [method, value] of Object.entries(loss))
    assert.ok(Math.abs(value - loss.none) < 0.01, `${method} ${value}`);
});

test('a model that is too sure by one factor needs a temperature, one with a step needs the curve', () => {
  const tooSure = compareCalibrations(world(4_000, (odds) => logistic(odds / 3)));
  assert.ok(tooSure.temperature < tooSure.none - 0.05);
  assert.ok(tooSure.temperature < tooSure.isotonic + 0.005);
  const step = compareCalibrations(
    world(4_000, (odds) => (Math.abs(odds) < 2 ? 0.5 : odds > 0 ? 0.95 : 0.05)),
  );
  assert.ok(
    step.isotonic < step.temperature - 0.005 && step.isotonic < step.platt - 0.002,
    JSON.stringify(step),
  );
});

test('the curve rises, is short, and repairs the calibration of rows it has not seen', () => {
  const random = createRandom(4);
  const draw = () => {
    const scores = Float64Array.from({ length: 3_000 }, () => random());
    return { scores, holds: Uint8Array.from(scores, (score) => (random() < score ** 3 ? 1 : 0)) };
  };
  const [seen, unseen] = [draw(), draw()];
  const curve = fitIsotonic(seen.scores, seen.holds);
  assert.ok(curve.x.every((value, at) => at === 0 || value > curve.x[at - 1]!));
  assert.ok(
    curve.y.every((value, at) => value >= 0 && value <= 1 && (at === 0 || value >= curve.y[at - 1]!)),
  );
  assert.ok(curve.x.length < 200, `${curve.x.length} corners`);
  const errorOf = (scores: Float64Array) => calibrationError(reliability(scores, unseen.holds));
  const mended = errorOf(unseen.scores.map((score) => calibrated(curve, score)));
  assert.ok(errorOf(unseen.scores) > 0.2 && mended < 0.04, `${mended}`);
});

test('edge cases: no rows, one row, one outcome only', () => {
  assert.equal(calibrated(fitIsotonic([], []), 0.3), 0.3);
  const single = fitIsotonic([0.4], [1]);
  assert.deepEqual([calibrated(single, 0), calibrated(single, 1)], [1, 1]);
  assert.deepEqual(fitPlatt([1, 2], [1, 1]), { slope: 1, offset: 0 });
});
