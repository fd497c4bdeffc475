// Losses: their derivatives are those of finite differences, and special cases fall back to cross entropy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activate } from '../../../trainers/evaluation/activation.ts';
import type { Corpus } from '../../../trainers/ngram/corpus.ts';
import { createLoss, type LossOptions, labelWeightsOf } from '../../../trainers/ngram/loss.ts';
import { scheduleFactor } from '../../../trainers/ngram/schedule.ts';

const corpusOf = (rows: readonly (readonly number[])[]): Corpus => ({
  size: rows.length,
  ids: new Int32Array(0),
  offsets: new Int32Array(rows.length + 1),
  labels: Int32Array.from(rows.flat()),
  labelOffsets: Int32Array.from([0, ...rows.map((_, at) => rows.slice(0, at + 1).flat().length)]),
  weights: new Float32Array(rows.length).fill(1),
});
const plain = { focalGamma: 0, labelSmoothing: 0, ordinalSpread: 0 };
const logits = [0.3, -1.2, 2.1, 0.4];
const corpus = corpusOf([[2], [0, 3], [1]]);

function evaluate(options: LossOptions, at: readonly number[], row: number) {
  const values = Float64Array.from(at);
  activate(values, options.activation);
  const loss = createLoss(options, at.length)(values, corpus, row);
  return { loss, derivative: values };
}

for (const activation of ['softmax', 'sigmoid'] as const) {
  for (const changes of [
    {},
    { focalGamma: 2 },
    { labelSmoothing: 0.1 },
    { focalGamma: 1.5, labelSmoothing: 0.2 },
    { labelWeights: Float64Array.of(0.5, 3, 1, 2) },
    { ordinalSpread: 0.7 },
    { ordinalSpread: 1, focalGamma: 2, labelWeights: Float64Array.of(0.5, 3, 1, 2) },
  ]) {
    test(`${activation}, ${JSON.stringify(changes)}: the derivative is that of the loss`, () => {
      const options: LossOptions = { activation, ...plain, ...changes };
      for (let row = 0; row < corpus.size; row++) {
        const { derivative } = evaluate(options, logits, row);
        logits.forEach((logit, label) => {
          const [above, below] = [1e-5, -1e-5].map(
            (step) => evaluate(options, logits.with(label, logit + step), row).loss,
          );
          const slope = (above! - below!) / 2e-5;
          assert.ok(Math.abs(slope - derivative[label]!) < 1e-6, `${slope} ${derivative[label]}`);
        });
      }
    });
  }
}

test('options that change nothing give cross entropy to the digit', () => {
  const ones = { ...plain, labelWeights: new Float64Array(4).fill(1) };
  for (const activation of ['softmax', 'sigmoid'] as const) {
    for (let row = 0; row < corpus.size; row++) {
      const exact = evaluate({ activation, ...plain }, logits, row);
      const general = evaluate({ activation, ...ones }, logits, row);
      assert.ok(Math.abs(exact.loss - general.loss) < 1e-12);
      exact.derivative.forEach((value, at) => {
        assert.ok(Math.abs(value - general.derivative[at]!) < 1e-12);
      });
    }
  }
});

test('focal loss: what is answered well counts less', () => {
  const share = (at: readonly number[]) => {
    const focal = evaluate({ activation: 'softmax', ...plain, focalGamma: 2 }, at, 0).derivative[2]!;
    return focal / evaluate({ activation: 'softmax', ...plain }, at, 0).derivative[2]!;
  };
  assert.ok(share([0, 0, 5, 0]) < 0.1 && share([0, 0, -2, 0]) > 0.8);
});

test('balanced weights give every label the same say, and a row one on average', () => {
  const rows = corpusOf([[0], [0], [0], [1]]);
  const weights = labelWeightsOf(rows, 2, 1)!;
  assert.ok(Math.abs(3 * weights[0]! - weights[1]!) < 1e-12);
  assert.ok(Math.abs(3 * weights[0]! + weights[1]! - 4) < 1e-12);
  assert.equal(labelWeightsOf(rows, 2, 0), undefined);
  const half = labelWeightsOf(rows, 2, 0.5)!;
  assert.ok(Math.abs(half[1]! / half[0]! - Math.sqrt(3)) < 1e-12);
});

test('both schedules fall from one to zero; the cosine stays above first and below then', () => {
  for (const schedule of ['linear', 'cosine'] as const) {
    assert.equal(scheduleFactor(schedule, 0), 1);
    assert.ok(Math.abs(scheduleFactor(schedule, 1)) < 1e-12);
  }
  assert.ok(scheduleFactor('cosine', 0.25) > scheduleFactor('linear', 0.25));
  assert.ok(scheduleFactor('cosine', 0.75) < scheduleFactor('linear', 0.75));
});
