// Sequential tests: exact where they say exact, and valid however often one looks. Each claim about chance is enumerated
// or simulated with a fixed seed, beside a test that fails it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { twoProportionP } from '../../../processors/experiments/fixed-horizon.ts';
import {
  evidenceAbove,
  pairedTest,
  unpairedTest,
  upperBound,
} from '../../../processors/experiments/sequential-test.ts';
import { createRandom } from '../../../trainers/random.ts';

const near = (actual: number, expected: number, within = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) < within, `${actual} is not ${expected}`);

const pairs = (controlOnly: number, treatmentOnly: number, others = 0) => ({
  bothCorrect: others,
  bothWrong: 0,
  controlOnly,
  treatmentOnly,
});

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** Mean of the paired e-value over all that `messages` messages can bring. */
function meanPaired(messages: number, controlOnly: number, treatmentOnly: number): number {
  let mean = 0;
  for (let b = 0; b <= messages; b++)
    for (let c = 0; b + c <= messages; c++) {
      const others = messages - b - c;
      const ways = factorial(messages) / factorial(b) / factorial(c) / factorial(others);
      const chance =
        ways * controlOnly ** b * treatmentOnly ** c * (1 - controlOnly - treatmentOnly) ** others;
      mean += chance * pairedTest(pairs(b, c, others), 0.05).eValue;
    }
  return mean;
}

/** Share of experiments in which any look at any message says so. */
function everSaid(experiments: number, run: (random: () => number) => boolean): number {
  let said = 0;
  for (let seed = 1; seed <= experiments; seed++) if (run(createRandom(seed))) said++;
  return said / experiments;
}

describe('the paired test', () => {
  it('has evidence whose mean is 1 without a difference, by enumeration of everything that can happen', () => {
    for (const [messages, discordant] of [
      [1, 0.4],
      [8, 0.3],
      [20, 0.6],
    ] as const)
      near(meanPaired(messages, discordant / 2, discordant / 2), 1);
    assert.ok(meanPaired(20, 0.1, 0.4) > 1.5);
  });

  it('holds the true effect at every look of 300 messages, 95 times of 100 at least', () => {
    const missed = everSaid(100, (random) => {
      const tally = { ...pairs(0, 0) };
      for (let message = 0; message < 300; message++) {
        const drawn = random();
        if (drawn < 0.08) tally.treatmentOnly++;
        else if (drawn < 0.2) tally.controlOnly++;
        else tally.bothCorrect++;
        const [low, high] = pairedTest(tally, 0.05).interval;
        if (low > -0.04 || high < -0.04) return true;
      }
      return false;
    });
    assert.ok(missed <= 0.05, `${missed}`);
  });

  it('is the same seen from the other side, and knows nothing of nothing', () => {
    const [one, other] = [pairedTest(pairs(30, 70, 400), 0.05), pairedTest(pairs(70, 30, 400), 0.05)];
    near(one.effect, -other.effect);
    near(one.interval[0], -other.interval[1]);
    near(one.interval[1], -other.interval[0]);
    near(one.eValue, other.eValue);
    assert.deepEqual(pairedTest(pairs(0, 0), 0.05), { effect: 0, interval: [-1, 1], eValue: 1 });
  });

  it('has an interval that narrows, holds the effect and leaves 0 exactly when the evidence is enough', () => {
    let width = 2;
    for (const scale of [1, 10, 100, 1_000]) {
      const { effect, interval } = pairedTest(pairs(scale, 3 * scale, 16 * scale), 0.05);
      assert.ok(interval[0] < effect && effect < interval[1]);
      assert.ok(interval[1] - interval[0] < width);
      width = interval[1] - interval[0];
    }
    for (let wins = 0; wins < 40; wins++) {
      const { interval, eValue } = pairedTest(pairs(3, wins, 50), 0.05);
      if (interval[0] > 0) assert.ok(eValue >= 20, `${wins}`);
      if (eValue >= 41) assert.ok(interval[0] > 0 || interval[1] < 0, `${wins}`);
    }
  });
});

describe('the unpaired test', () => {
  const arms = { alpha: 0.05, spread: 0.04 };

  it('has the evidence of the mixture it is named after, by integration', () => {
    const [control, treatment] = [
      { successes: 700, trials: 1_000 },
      { successes: 160, trials: 200 },
    ];
    const { effect, eValue } = unpairedTest(control, treatment, arms);
    near(effect, 0.1);
    // The treatment’s own variance, 0.16, is below that of both together.
    const variance = ((701 / 1_002) * (301 / 1_002)) / 1_000 + ((861 / 1_202) * (341 / 1_202)) / 200;
    const density = (x: number, deviation: number) => Math.exp(-(x * x) / (2 * deviation ** 2)) / deviation;
    let mixture = 0;
    const step = 0.0001;
    for (let d = -0.4; d <= 0.4; d += step)
      mixture +=
        (step * density(d, 0.04) * density(effect - d, Math.sqrt(variance))) / Math.sqrt(2 * Math.PI);
    near(eValue, mixture / density(effect, Math.sqrt(variance)), 1e-6);
  });

  it('has an interval whose ends are where the evidence is 1/α', () => {
    const { effect, interval } = unpairedTest(
      { successes: 700, trials: 1_000 },
      { successes: 160, trials: 200 },
      arms,
    );
    near(interval[1] - effect, effect - interval[0]);
    assert.ok(interval[0] < effect && interval[1] > effect);
    const { eValue } = unpairedTest({ successes: 700, trials: 1_000 }, { successes: 140, trials: 200 }, arms);
    assert.ok(eValue < 1);
  });

  it('seldom ever says a difference without one, looked at after each of 2,000 messages; the z test often does', () => {
    const run = (isSaid: typeof sequentially) => (random: () => number) => {
      const [control, treatment] = [
        { successes: 0, trials: 0 },
        { successes: 0, trials: 0 },
      ];
      for (let message = 0; message < 2_000; message++) {
        const arm = random() < 0.3 ? treatment : control;
        arm.trials++;
        arm.successes += Number(random() < 0.8);
        if (Math.min(control.trials, treatment.trials) >= 100 && isSaid(control, treatment)) return true;
      }
      return false;
    };
    type Arm = { successes: number; trials: number };
    const sequentially = (control: Arm, treatment: Arm): boolean => {
      const [low, high] = unpairedTest(control, treatment, arms).interval;
      return low > 0 || high < 0;
    };
    const naively = (control: Arm, treatment: Arm): boolean => twoProportionP(control, treatment) <= 0.05;
    const [said, naive] = [everSaid(300, run(sequentially)), everSaid(300, run(naively))];
    assert.ok(said <= 0.05, `${said}`);
    assert.ok(naive > 0.15, `${naive}`);
  });
});

describe('the unpaired test of an arm that has hardly failed yet', () => {
  it('is not surer than the arms together: 4 of 100 canaries of an accuracy of 0.95 were deployed by that', () => {
    const { interval } = unpairedTest(
      { successes: 855, trials: 900 },
      { successes: 100, trials: 100 },
      { alpha: 0.025, spread: 0.04 },
    );
    assert.ok(interval[0] < 0, `${interval}`);
  });
});

describe('evidence that a share is above a limit', () => {
  it('has a mean of 1 at the limit and less below it, by enumeration', () => {
    const meanOf = (share: number, limit: number, trials: number): number => {
      let mean = 0;
      for (let successes = 0; successes <= trials; successes++) {
        const ways = factorial(trials) / factorial(successes) / factorial(trials - successes);
        const chance = ways * share ** successes * (1 - share) ** (trials - successes);
        mean += chance * Math.exp(evidenceAbove({ successes, trials }, limit));
      }
      return mean;
    };
    near(meanOf(0.1, 0.1, 15), 1);
    near(meanOf(0.6, 0.6, 15), 1);
    assert.ok(meanOf(0.05, 0.1, 15) < 1);
    assert.ok(meanOf(0.3, 0.1, 15) > 3);
  });

  it('is valid for confidences as well, of which only the sum is known', () => {
    const random = createRandom(3);
    let sum = 0;
    for (let experiment = 0; experiment < 5_000; experiment++) {
      let successes = 0;
      for (let message = 0; message < 30; message++) successes += random() ** 3; // mean 1/4
      sum += Math.exp(evidenceAbove({ successes, trials: 30 }, 0.25));
    }
    assert.ok(sum / 5_000 < 1, `${sum / 5_000}`);
  });

  it('makes a bound that the share seldom ever exceeds, at any look', () => {
    const exceeded = everSaid(100, (random) => {
      const seen = { successes: 0, trials: 0 };
      for (let message = 0; message < 300; message++) {
        seen.trials++;
        seen.successes += Number(random() < 0.1);
        if (upperBound(seen, 0.05) < 0.1) return true;
      }
      return false;
    });
    assert.ok(exceeded <= 0.05, `${exceeded}`);
    const bound = upperBound({ successes: 1_000, trials: 10_000 }, 0.05);
    assert.ok(bound > 0.1 && bound < 0.115, `${bound}`);
    assert.equal(upperBound({ successes: 0, trials: 0 }, 0.05), 1);
    assert.ok(upperBound({ successes: 0, trials: 1_000 }, 0.05) < 0.012);
  });
});
