// Statistics of one feature: what they say of moved, unmoved and odd counts, and whether thresholds keep their rate.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kolmogorovSmirnov } from '../../../processors/drift/statistics/ordered.ts';
import { drawBinomial, drawCounts } from '../../../processors/drift/statistics/resampling.ts';
import {
  type Counts,
  calibrated,
  corrected,
  measure,
  type StatisticName,
} from '../../../processors/drift/statistics.ts';

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const unordered: readonly StatisticName[] = [
  'psi',
  'jensen-shannon',
  'kullback-leibler',
  'hellinger',
  'chi-square',
];
const all: readonly StatisticName[] = [...unordered, 'wasserstein', 'kolmogorov-smirnov'];
const edges = [10, 20, 40, 80];
const shares = [20, 30, 25, 15, 10];
const still: Counts = {
  kind: 'numeric',
  edges,
  expected: [1_200, 1_800, 1_500, 900, 600],
  actual: [200, 300, 250, 150, 100],
};
const moved: Counts = { ...still, actual: [100, 150, 250, 300, 200] };

describe('a statistic', () => {
  for (const name of all) {
    it(`${name} is 0 for equal shares and significant for moved ones`, () => {
      const { value, effect, pValue } = measure(name, still);
      assert.ok(Math.abs(value) < 1e-4, `${value}`);
      assert.ok(effect! < 0.01);
      assert.ok(pValue === null || pValue > 0.99);
      const far = measure(name, moved);
      assert.ok(far.value > value && far.effect! > 0.05, `${far.value} ${far.effect}`);
      assert.ok(far.pValue === null || far.pValue < 1e-9);
    });
  }

  it('has a p-value that rests on the exact test where bins are rare', () => {
    const rare: Counts = { kind: 'numeric', edges: [1, 2], expected: [6_000, 0, 0], actual: [495, 5, 0] };
    // 5 of 5 in the window, of 6,500 messages in all.
    const fisher = [0, 1, 2, 3, 4].reduce((product, drawn) => product * ((500 - drawn) / (6_500 - drawn)), 1);
    for (const name of unordered) {
      assert.ok(Math.abs(measure(name, rare).pValue! / fisher - 1) < 1e-9, name);
      assert.equal(measure(name, { ...rare, actual: [500, 0, 0] }).pValue, 1);
    }
  });

  it('sees half of the messages move where the baseline had nothing', () => {
    const empty: Counts = {
      kind: 'numeric',
      edges: [1, 2],
      expected: [6_000, 0, 0],
      actual: [500, 250, 250],
    };
    for (const name of all) assert.ok(measure(name, empty).value > 0.2, name);
  });

  it('of rates compares with the baseline by Fisher’s exact test', () => {
    const missing = { expected: 60, actual: 30 };
    const { value, effect, pValue } = measure('missing-rate', { ...still, missing });
    assert.equal(value, 30 / 1_030);
    assert.ok(effect! > 0.1 && pValue! < 1e-5);
    assert.equal(measure('missing-rate', still).pValue, 1);
    const lost = { ...still, actual: [0, 0, 0, 0, 0], missing: { expected: 0, actual: 50 } };
    assert.equal(measure('missing-rate', lost).value, 1);
    const languages: Counts = {
      ...{ kind: 'categorical', edges: [] },
      ...{ expected: [900, 99, 1, 0], actual: [180, 17, 0, 3] },
    };
    const fresh = measure('new-category-rate', languages);
    assert.equal(fresh.value, 3 / 200);
    // Of 1,000 messages one was the only one of its language, so one in 1,000 is expected to be new.
    assert.ok(Math.abs(fresh.pValue! - 0.016_155) < 1e-3, `${fresh.pValue}`);
    const named = measure('new-category-rate', { ...languages, newCategory: [false, true, false, false] });
    assert.equal(named.value, 17 / 200);
  });

  it('of what cannot be compared throws', () => {
    const wrong: readonly (readonly [StatisticName, Counts])[] = [
      ['psi', { ...still, actual: [1, 2] }],
      ['psi', { ...still, actual: [0, 0, 0, 0, 0] }],
      ['hellinger', { ...still, expected: [0, 0, 0, 0, 0] }],
      ['kolmogorov-smirnov', { ...still, kind: 'categorical' }],
      ['wasserstein', { ...still, edges: [1] }],
      ['chi-square', { ...still, expected: [], actual: [] }],
    ];
    for (const [name, counts] of wrong) assert.throws(() => measure(name, counts), RangeError, name);
    const calibration = { samples: 500, falseAlarmRate: 0.01, resamples: 100, random: Math.random };
    for (const bad of [{ samples: 0 }, { falseAlarmRate: 0 }, { falseAlarmRate: 1 }, { resamples: 1 }]) {
      assert.throws(() => calibrated('psi', still, { ...calibration, ...bad }), RangeError);
    }
  });
});

/** Without the exact p-value, which takes a millisecond for Kolmogorov and Smirnov’s. */
const distanceOf = (name: StatisticName, counts: Counts): number =>
  name === 'kolmogorov-smirnov' ? kolmogorovSmirnov(counts) : measure(name, counts).value;

describe('a calibrated threshold', () => {
  const baselines = 30;
  const windows = 200;
  for (const name of all) {
    it(`of ${name} is reached by one undrifted window in twenty`, () => {
      const random = randomFrom(11);
      let alarms = 0;
      for (let round = 0; round < baselines; round++) {
        const expected = drawCounts(shares, 6_000, random);
        const baseline = { kind: 'numeric', edges, expected } as const;
        const threshold = calibrated(name, baseline, {
          ...{ samples: 500, falseAlarmRate: 0.05, resamples: 400, random },
        });
        for (let window = 0; window < windows; window++) {
          const actual = drawCounts(shares, 500, random);
          // The window’s own baseline is a sample like the one that was calibrated on.
          const own = { ...baseline, expected: drawCounts(shares, 6_000, random), actual };
          if (distanceOf(name, own) >= threshold) alarms++;
        }
      }
      const rate = alarms / (baselines * windows);
      assert.ok(rate > 0.035 && rate < 0.068, `${rate}`);
    });
  }

  it('is never 0, and falls as the window grows', () => {
    const random = randomFrom(5);
    const at = (samples: number, expected: readonly number[]): number =>
      calibrated(
        'psi',
        { kind: 'categorical', edges: [], expected },
        {
          ...{ samples, falseAlarmRate: 0.01, resamples: 200, random },
        },
      );
    assert.ok(at(500, [6_000]) > 0);
    assert.ok(at(500, [6_000, 0]) > 0);
    assert.ok(at(5_000, [3_000, 3_000]) < at(500, [3_000, 3_000]) / 3);
  });

  it('of a rate is the least one whose exact p-value is small enough', () => {
    const baseline = { ...still, missing: { expected: 60 } };
    const threshold = calibrated('missing-rate', baseline, {
      ...{ samples: 1_000, falseAlarmRate: 0.001, resamples: 2, random: Math.random },
    });
    const least = Math.round(threshold * 1_000);
    const pValueOf = (lost: number): number =>
      measure('missing-rate', {
        ...{ kind: 'categorical', edges: [], expected: [6_000], actual: [1_000 - lost] },
        missing: { expected: 60, actual: lost },
      }).pValue!;
    assert.ok(pValueOf(least) <= 0.001 && pValueOf(least - 1) > 0.001, `${least}`);
  });
});

describe('draws', () => {
  it('of a binomial have its mean and variance, by inversion and by rejection', () => {
    const random = randomFrom(3);
    for (const [trials, p] of [
      [50, 0.1],
      [400, 0.3],
      [400, 0.7],
      [6_000, 0.01],
      [6_000, 0.5],
    ] as const) {
      const rounds = 20_000;
      let [sum, squares] = [0, 0];
      for (let round = 0; round < rounds; round++) {
        const drawn = drawBinomial(trials, p, random);
        assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn <= trials);
        sum += drawn;
        squares += (drawn - trials * p) ** 2;
      }
      const variance = trials * p * (1 - p);
      assert.ok(
        Math.abs(sum / rounds - trials * p) < 4 * Math.sqrt(variance / rounds),
        `mean of ${trials}, ${p}`,
      );
      assert.ok(Math.abs(squares / rounds / variance - 1) < 0.05, `variance of ${trials}, ${p}`);
    }
    assert.equal(drawBinomial(10, 0, random), 0);
    assert.equal(drawBinomial(10, 1, random), 10);
  });

  it('of counts add up, and give nothing to what weighs nothing', () => {
    const random = randomFrom(4);
    for (let round = 0; round < 200; round++) {
      const counts = drawCounts([5, 0, 1, 94, 0], 1_000, random);
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        1_000,
      );
      assert.equal(counts[1]! + counts[4]!, 0);
    }
  });
});

it('a correction keeps the order of p-values and never makes one smaller', () => {
  const pValues = [0.03, null, 0.001, 0.2, 0.03];
  for (const method of ['holm', 'benjamini-hochberg'] as const) {
    const after = corrected(pValues, method);
    assert.equal(after[1], null);
    for (const place of [0, 2, 3, 4]) assert.ok(after[place]! >= pValues[place]! && after[place]! <= 1);
    assert.ok(after[2]! <= after[0]! && after[0]! <= after[3]!);
  }
});
