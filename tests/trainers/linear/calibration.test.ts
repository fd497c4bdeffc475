// Calibration of scores: Platt's line, the temperature, the score below which a text is out of scope.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fitLine,
  outOfScopeScore,
  plattLines,
  scoreTemperature,
} from '../../../trainers/linear/calibration.ts';
import { createRandom } from '../../../trainers/random.ts';

test('Platt finds the line that the labels were drawn by', () => {
  const random = createRandom(5);
  const scores = Float64Array.from({ length: 50_000 }, () => 4 * random() - 2);
  const holds = Uint8Array.from(scores, (score) => (random() < 1 / (1 + Math.exp(-(3 * score - 1))) ? 1 : 0));
  const { slope, offset } = fitLine(scores, holds);
  assert.ok(Math.abs(slope - 3) < 0.1 && Math.abs(offset + 1) < 0.1, `${slope} ${offset}`);
});

test('scores that part the labels wholly still give a finite line', () => {
  const { slope, offset } = fitLine(Float64Array.of(-1, -1, 1, 1), Uint8Array.of(0, 0, 1, 1));
  assert.ok(Number.isFinite(slope) && Number.isFinite(offset) && slope > 0);
  // Platt's targets: (2 + 1) / (2 + 2) for the two that hold.
  assert.ok(Math.abs(1 / (1 + Math.exp(-(slope + offset))) - 0.75) < 1e-3);
});

const truthOf = (labels: readonly number[]) => ({
  size: labels.length,
  labels: Int32Array.from(labels),
  labelOffsets: Int32Array.from({ length: labels.length + 1 }, (_, at) => at),
});

test('a label that never holds among the held-out rows shares the line of all', () => {
  const random = createRandom(6);
  const rows = 400;
  const scores = new Float64Array(rows * 3);
  const labels = Array.from({ length: rows }, (_, row) => {
    const label = random() < 0.5 ? 0 : 1;
    for (let at = 0; at < 3; at++) scores[row * 3 + at] = (at === label ? 0.5 : -0.5) + random() - 0.5;
    return label;
  });
  const lines = plattLines({ scores, labels: 3, truth: truthOf(labels) });
  const shared = fitLine(
    scores,
    Uint8Array.from(scores, (_, at) => (at % 3 === labels[Math.floor(at / 3)] ? 1 : 0)),
  );
  assert.deepEqual(lines[2], shared);
  assert.notDeepEqual(lines[0], shared);
});

test('the temperature makes confident scores of a model that is seldom right modest', () => {
  const random = createRandom(7);
  const make = (share: number) => {
    const scores: number[] = [];
    const labels: number[] = [];
    for (let row = 0; row < 2_000; row++) {
      const said = random() < 0.5 ? 0 : 1;
      scores.push(said === 0 ? 1 : 0, said === 1 ? 1 : 0);
      labels.push(random() < share ? said : 1 - said);
    }
    return scoreTemperature({ scores: Float64Array.from(scores), labels: 2, truth: truthOf(labels) });
  };
  // Confidence e^(1/T) / (1 + e^(1/T)) is to be the share: T = 1 / ln(share / (1 - share)).
  assert.ok(Math.abs(make(0.95) - 1 / Math.log(19)) < 0.05);
  assert.ok(Math.abs(make(0.7) - 1 / Math.log(7 / 3)) < 0.2);
});

test('the out-of-scope score costs no more right answers than it may', () => {
  // Ten rows in scope, right with scores 0.1, 0.2 … 1.0; rows out of scope (label 2) do not count.
  const scores: number[] = [];
  const labels: number[] = [];
  for (let row = 1; row <= 10; row++) {
    scores.push(row / 10, -1, 0);
    labels.push(0);
  }
  scores.push(5, -1, 0);
  labels.push(2);
  const heldOut = { scores: Float64Array.from(scores), labels: 3, truth: truthOf(labels) };
  assert.equal(outOfScopeScore(heldOut, 2, 0), 0.1);
  assert.equal(outOfScopeScore(heldOut, 2, 0.2), 0.3);
});
