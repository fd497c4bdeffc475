// Accuracy without labels: NannyML’s figures, how often the interval holds the truth, what bins lose, and what it cannot see.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  expectedAccuracy,
  expectedAccuracyOfBins,
  expectedBinary,
} from '../../../processors/drift/expected-accuracy.ts';
import { binOf } from '../../../schemas/baseline.ts';

interface Golden {
  readonly binary: readonly {
    readonly seed: number;
    readonly rows: number;
    readonly power: number;
    readonly accuracy: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  }[];
  readonly multiclass: readonly { readonly seed: number; readonly rows: number; readonly accuracy: number }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('./online/golden/nannyml.json', import.meta.url), 'utf8'),
);

/** mulberry32, as in online/golden/make-nannyml.py. */
function mulberry(seed: number): () => number {
  let word = seed | 0;
  return () => {
    word = (word + 0x6d2b79f5) | 0;
    let mixed = Math.imul(word ^ (word >>> 15), word | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

const drawn = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

/** Windows whose answers are right as often as `truth` says of their confidence, and how many intervals hold that. */
function coverage(windows: number, messages: number, truth: (confidence: number) => number) {
  const random = mulberry(77);
  let held = 0;
  for (let window = 0; window < windows; window++) {
    const confidences = drawn(messages, () => 0.34 + 0.66 * random());
    const right = confidences.filter((confidence) => random() < truth(confidence)).length / messages;
    const { interval } = expectedAccuracy(confidences)!;
    if (interval[0] <= right && right <= interval[1]) held++;
  }
  return held / windows;
}

describe('expected accuracy', () => {
  it('is NannyML’s for two answers, with precision, recall and F1', () => {
    for (const { seed, rows, power, ...figures } of golden.binary) {
      const draw = mulberry(seed);
      const found = expectedBinary(drawn(rows, () => draw() ** power));
      for (const name of ['accuracy', 'precision', 'recall', 'f1'] as const) near(found[name], figures[name]);
    }
  });

  it('is NannyML’s for more', () => {
    for (const { seed, rows, accuracy } of golden.multiclass) {
      const draw = mulberry(seed);
      const leading = drawn(rows, () => {
        const row = drawn(3, () => draw() + 0.01);
        return Math.max(...row) / row.reduce((sum, value) => sum + value);
      });
      near(expectedAccuracy(leading)!.accuracy, accuracy);
    }
  });

  it('has an interval that holds the truth 95 times of 100 where confidences are calibrated', () => {
    const held = coverage(2_000, 200, (confidence) => confidence);
    assert.ok(held > 0.935 && held < 0.97, `${held}`);
  });

  it('does not see that confidences have stopped being calibrated: labels have to', () => {
    assert.ok(coverage(500, 200, (confidence) => confidence - 0.15) < 0.05);
  });

  it('from bins is within its bound, whatever the confidences are', () => {
    const edges = [0.4687, 0.5258, 0.583, 0.6292, 0.6672, 0.6998, 0.7438, 0.8265, 0.9441];
    const random = mulberry(5);
    for (const shape of [0.2, 0.5, 1, 2, 5]) {
      const confidences = drawn(3_000, () => 1 / 3 + (2 / 3) * random() ** shape);
      const counts = Array.from({ length: edges.length + 1 }, () => 0);
      for (const confidence of confidences) counts[binOf(confidence, edges)]!++;
      const binned = expectedAccuracyOfBins(edges, counts, 1 / 3)!;
      const { accuracy, interval } = expectedAccuracy(confidences)!;
      assert.ok(Math.abs(binned.accuracy - accuracy) <= binned.bound, `${shape}`);
      assert.ok(binned.bound < 0.07 && binned.bound > 0.01, `${binned.bound}`);
      assert.ok(binned.interval[0] <= interval[0] && binned.interval[1] >= interval[1]);
    }
  });

  it('from bins has the bound that it can have: everything at one end of a bin is off by exactly that', () => {
    const { accuracy, bound } = expectedAccuracyOfBins([0.5, 0.8], [0, 10, 0])!;
    near(accuracy, 0.65);
    near(bound, 0.15);
  });

  it('of nothing is nothing', () => {
    assert.equal(expectedAccuracy([]), null);
    assert.equal(expectedAccuracyOfBins([0.5], [0, 0]), null);
    assert.deepEqual(expectedBinary([0.25, 0.125]), { accuracy: 0.8125, precision: 0, recall: 0, f1: 0 });
    assert.throws(() => expectedAccuracyOfBins([0.5], [1]), RangeError);
  });
});
