// Fixed-horizon tests and planned sizes against SciPy and statsmodels.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  mcNemarP,
  normalQuantile,
  normalTail,
  pairedProgress,
  plannedTreatment,
  twoProportionP,
  unpairedProgress,
} from '../../../processors/experiments/fixed-horizon.ts';
import { createRandom } from '../../../trainers/random.ts';

const near = (actual: number, expected: number, within = 1e-9): void =>
  assert.ok(Math.abs(actual / expected - 1) < within, `${actual} is not ${expected}`);

const arms = (control: number, controls: number, treatment: number, treatments: number) =>
  [
    { successes: control, trials: controls },
    { successes: treatment, trials: treatments },
  ] as const;

const pairs = (controlOnly: number, treatmentOnly: number, others = 0) => ({
  bothCorrect: others,
  bothWrong: 0,
  controlOnly,
  treatmentOnly,
});

const plan = { effectMin: 0.02, alpha: 0.05, power: 0.8 };

describe('fixed-horizon tests', () => {
  it('of two proportions are those of statsmodels 0.15.0 (proportions_ztest)', () => {
    near(twoProportionP(...arms(700, 1_000, 75, 100)), 0.2960702062686845);
    near(twoProportionP(...arms(500, 1_000, 560, 1_000)), 0.007185458758132356);
    near(twoProportionP(...arms(9_000, 10_000, 1_010, 1_100)), 0.05443247815181894);
    near(twoProportionP(...arms(3, 10, 9, 10)), 0.006169899320544151);
    assert.equal(twoProportionP(...arms(50, 50, 50, 50)), 1);
    assert.equal(twoProportionP(...arms(0, 0, 0, 0)), 1);
  });

  it('of pairs are those of statsmodels 0.15.0 (mcnemar, exact)', () => {
    near(mcNemarP(pairs(10, 25)), 0.016673847800120715);
    near(mcNemarP(pairs(9, 0)), 0.00390625);
    near(mcNemarP(pairs(400, 480)), 0.007707305043339153);
    assert.equal(mcNemarP(pairs(3, 3)), 1);
    assert.equal(mcNemarP(pairs(0, 0)), 1);
    const many = mcNemarP(pairs(50_000, 50_400));
    assert.ok(many > 0.2 && many < 0.21, `${many}`); // no underflow at 2^-100,400
  });

  it('rest on the normal distribution of SciPy 1.17.1 (norm.sf, norm.ppf)', () => {
    const tails = [
      [0, 0.5],
      [0.5, 0.3085375387259869],
      [1.96, 0.024997895148220435],
      [3, 0.0013498980316300933],
      [4.9, 4.791832765903185e-7],
      [5.1, 1.6982674071475966e-7],
      [8, 6.22096057427174e-16],
      [20, 2.7536241186061556e-89],
    ] as const;
    for (const [z, tail] of tails) near(normalTail(z), tail);
    near(normalQuantile(0.8), 0.8416212335729143);
    near(normalQuantile(0.975), 1.959963984540054);
    near(normalQuantile(0.9999), 3.719016485455709);
    near(normalQuantile(0.2), -0.8416212335729142);
    assert.equal(normalQuantile(0.5), 0);
  });
});

describe('planned sizes', () => {
  it('are the textbook’s: (z + z)² p(1−p)/δ² as harmonic size', () => {
    const harmonic = 3679.162375476135;
    near(unpairedProgress(...arms(750, 1_000, 750, 1_000), plan), 500 / harmonic);
    near(unpairedProgress(...arms(6_750, 9_000, 750, 1_000), plan), 900 / harmonic);
    assert.equal(plannedTreatment(0.75, 1, plan), Math.ceil(2 * harmonic));
    assert.equal(plannedTreatment(0.75, 9, plan), Math.ceil((harmonic * 10) / 9));
    near(pairedProgress(pairs(100, 100, 800), plan), 1_000 / ((harmonic / 0.1875) * 0.2));
  });

  it('are not reached by a few messages without an error', () => {
    assert.equal(unpairedProgress(...arms(0, 0, 0, 0), plan), 0);
    assert.ok(unpairedProgress(...arms(50, 50, 50, 50), plan) < 0.2);
    assert.equal(pairedProgress(pairs(0, 0), plan), 0);
    assert.ok(pairedProgress(pairs(0, 0, 50), plan) < 0.3);
  });

  it('find the planned effect as often as the power says', () => {
    const random = createRandom(11);
    const size = plannedTreatment(0.75, 1, { ...plan, effectMin: 0.1 });
    const hits = (rate: number) => Array.from({ length: size }, () => random() < rate).filter(Boolean).length;
    let found = 0;
    const experiments = 1_000;
    for (let experiment = 0; experiment < experiments; experiment++)
      if (twoProportionP(...arms(hits(0.7), size, hits(0.8), size)) <= plan.alpha) found++;
    assert.ok(found / experiments > 0.76 && found / experiments < 0.85, `${found}`);
  });
});
