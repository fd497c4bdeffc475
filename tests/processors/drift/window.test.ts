// Windows against baselines: no false alarms on unshifted traffic, none missed on shifted traffic, plain words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compareWindow } from '../../../processors/drift/window.ts';
import { cleanText } from '../../../processors/features/cleaning.ts';
import { type Baseline, binOf } from '../../../schemas/baseline.ts';
import { categorical, countsOf, histogramOf, ordered, samplesMin, sizes, usual } from './windows.ts';

const strict = {
  samplesMin,
  thresholds: { 'chi-square': 0, psi: 0, 'jensen-shannon': 0 },
  predictionThreshold: 0,
};

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** `count` draws from shares that need not add up to one. */
function draw(shares: readonly number[], count: number, random: () => number): Record<string, number> {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const counts: Record<string, number> = {};
  for (let drawn = 0; drawn < count; drawn++) {
    let rest = random() * total;
    let bin = 0;
    while (bin < shares.length - 1 && rest >= (shares[bin] as number)) rest -= shares[bin++] as number;
    counts[`b${bin}`] = (counts[`b${bin}`] ?? 0) + 1;
  }
  // In an order that has nothing to do with how often they came (statistics/pooling.ts).
  return Object.fromEntries(
    shares.flatMap((_, bin) => (counts[`b${bin}`] ? [[`b${bin}`, counts[`b${bin}`]!]] : [])),
  );
}

/** Seventy-nine languages: one of two thirds, 25 usual ones, a long tail. */
const languages = [60, ...new Array<number>(25).fill(1), ...new Array<number>(53).fill(0.15)];
const deciles = new Array<number>(10).fill(1);

for (const [name, shares] of [['79 languages', languages] as const, ['deciles', deciles] as const]) {
  for (const size of [500, 2_000]) {
    test(`unshifted windows of ${size} over ${name} alarm as rarely as wanted, even at thresholds of nothing`, () => {
      const random = randomFrom(size);
      let alarms = 0;
      for (let round = 0; round < 200; round++) {
        const baseline = [categorical('label', draw(shares, 6_000, random))];
        const histogram = histogramOf('label', draw(shares, size, random));
        const report = compareWindow({ baseline, histogram, ...sizes });
        assert.equal(report.verdict, 'stable', report.summary);
        if (compareWindow({ baseline, histogram, ...strict }).verdict === 'drifted') alarms++;
      }
      // 2 are wanted; 8 or more come once in 900 runs of a rate of 1 %.
      assert.ok(alarms < 8, `${alarms} false alarms in 200 windows`);
    });

    test(`shifted windows of ${size} over ${name} are all found`, () => {
      const random = randomFrom(size + 1);
      const moved = shares.map((share, bin) => (bin >= 1 && bin <= 5 ? share * 20 : share));
      for (let round = 0; round < 50; round++) {
        const baseline = [categorical('label', draw(shares, 6_000, random))];
        const histogram = histogramOf('label', draw(moved, size, random));
        assert.equal(compareWindow({ baseline, histogram, ...usual }).verdict, 'drifted');
      }
    });
  }
}

test('the summary names what moved', () => {
  const language = categorical('language', { en: 6_400, ar: 300, fr: 3_300 });
  const numeric: Baseline = {
    ...{ release: 'language@1.0.0', feature: 'length', kind: 'numeric', edges: [20, 80] },
    ...{ bins: ['0', '1', '2'], counts: [3_000, 4_000, 3_000], samples: 10_000 },
  };
  const histogram = [
    ...histogramOf('language', { en: 360, ar: 310, fr: 330 }),
    ...histogramOf('length', { 0: 100, 1: 200, 2: 700 }),
  ];
  const report = compareWindow({ baseline: [language, numeric], histogram, ...usual });
  assert.equal(report.verdict, 'drifted');
  assert.equal(report.samples, 1_000);
  assert.equal(report.baselineSamples, 10_000);
  assert.match(report.summary, /language: en 64 % → 36 %, ar 3 % → 31 %/);
  assert.match(report.summary, /length: 80 or more 30 % → 70 %/);
  assert.deepEqual(
    new Set(report.statistics.map(({ feature, statistic, drifted }) => `${feature} ${statistic} ${drifted}`)),
    new Set([
      ...['language chi-square true', 'language psi true', 'language jensen-shannon true'],
      ...['length chi-square true', 'length psi true', 'length jensen-shannon true'],
    ]),
  );
});

test('a value that the baseline has never seen is found and named', () => {
  const baseline = [categorical('language', { en: 5_000, fr: 1_000 })];
  const histogram = histogramOf('language', { en: 500, fr: 100, ka: 400 });
  const report = compareWindow({ baseline, histogram, ...usual });
  assert.equal(report.verdict, 'drifted');
  assert.match(report.summary, /ka 0 % → 40 %/);
});

test('too few samples are not judged, and a feature without any is left out', () => {
  const baseline = [categorical('language', { en: 500, fr: 100 }), categorical('label', { a: 300, b: 300 })];
  const few = compareWindow({ baseline, histogram: histogramOf('language', { fr: 499 }), ...usual });
  assert.equal(few.verdict, 'too-few-samples');
  assert.deepEqual(few.statistics, []);
  assert.match(few.summary, /499 messages are too few to judge; 500 are needed/);
  const one = compareWindow({
    baseline,
    histogram: histogramOf('language', { en: 500, fr: 100 }),
    ...usual,
  });
  assert.equal(one.verdict, 'stable');
  assert.deepEqual([...new Set(one.statistics.map(({ feature }) => feature))], ['language']);
  assert.match(one.summary, /Nothing moved in 600 messages/);
  const none = compareWindow({ baseline, histogram: [], ...usual, samplesMin: 0 });
  assert.equal(none.verdict, 'too-few-samples');
});

const root = join(import.meta.dirname, '../../..');
const lengthsOf = (path: string): number[] =>
  gunzipSync(readFileSync(join(root, path)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => [...cleanText((JSON.parse(line) as { readonly text: string }).text)].length);

function lengthReport(
  reference: readonly number[],
  window: readonly number[],
): ReturnType<typeof compareWindow> {
  const sorted = [...reference].sort((a, b) => a - b);
  const edges = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(
    (decile) => sorted[Math.floor((decile / 10) * sorted.length)] as number,
  );
  const count = (lengths: readonly number[]): number[] => {
    const counts = new Array<number>(10).fill(0);
    for (const length of lengths) counts[binOf(length, edges)] = (counts[binOf(length, edges)] ?? 0) + 1;
    return counts;
  };
  const baseline: Baseline = {
    ...{ release: 'language@1.0.0', feature: 'length', kind: 'numeric', edges, samples: reference.length },
    ...{ bins: edges.concat(0).map((_, index) => String(index)), counts: count(reference) },
  };
  const histogram = count(window).map((inBin, index) => ({
    feature: 'length',
    bin: String(index),
    count: inBin,
  }));
  return compareWindow({ baseline: [baseline], histogram, ...usual });
}

test('the shipped samples are unshifted against the reference sets in length, the shifted ones are not', () => {
  const comments = lengthsOf('trainers/data/reference/comments.jsonl.gz');
  const prompts = lengthsOf('trainers/data/reference/prompts.jsonl.gz');
  let alarms = 0;
  for (const [reference, path] of [
    [comments, 'comments'],
    [prompts, 'prompts'],
  ] as const) {
    const samples = lengthsOf(`samples/${path}.jsonl.gz`);
    const all = lengthReport(reference, samples);
    assert.equal(all.verdict, 'stable', `${path}: ${all.summary}`);
    for (let from = 0; from + samplesMin <= samples.length; from += samplesMin)
      if (lengthReport(reference, samples.slice(from, from + samplesMin)).verdict === 'drifted') alarms++;
  }
  // 27 windows: two or more alarms come once in 33 times at a rate of 1 %.
  assert.ok(alarms < 2, `${alarms} of 27 windows alarm`);
  assert.equal(lengthReport(comments, lengthsOf('samples/shifted.jsonl.gz')).verdict, 'drifted');
});

test('answers that moved a little drift by the prediction threshold, at a size where chance does not', () => {
  const baseline = [categorical('label', { toxic: 5_000, fine: 5_000 })];
  const slightly = histogramOf('label', { toxic: 6_000, fine: 4_000 });
  const report = compareWindow({ baseline, histogram: slightly, ...sizes, predictionThreshold: 0.05 });
  assert.equal(report.verdict, 'drifted');
  assert.ok(
    report.statistics.every(({ drifted }) => !drifted),
    'no statistic alone',
  );
  assert.ok(Math.abs(report.predictionScore! - 0.0851) < 1e-3, String(report.predictionScore));
  assert.match(report.summary, /label: toxic 50 % → 60 %/);
  const few = histogramOf('label', { toxic: 300, fine: 200 });
  assert.equal(
    compareWindow({ baseline, histogram: few, ...sizes, predictionThreshold: 0.1 }).verdict,
    'stable',
  );
  assert.equal(
    compareWindow({ baseline, histogram: slightly, ...sizes, predictionThreshold: 0.1 }).verdict,
    'stable',
  );
});

test('χ² decides: what is no chance and large enough, however small by PSI', () => {
  const baseline = [categorical('label', { toxic: 5_000, fine: 5_000 })];
  const of = (toxic: number, fine: number, given: Partial<Parameters<typeof compareWindow>[0]> = {}) =>
    compareWindow({
      ...{ baseline, histogram: histogramOf('label', { toxic, fine }), ...usual, predictionThreshold: 2 },
      ...given,
    });
  const moved = of(600, 400);
  assert.deepEqual(
    moved.statistics.map(({ statistic, drifted }) => `${statistic} ${drifted}`),
    ['chi-square true', 'psi false', 'jensen-shannon false'],
  );
  assert.equal(moved.verdict, 'drifted');
  const [test] = moved.statistics;
  // scipy.stats.chi2_contingency([[5000, 5000], [600, 400]], correction=False)
  assert.ok(Math.abs(test!.value - 36.375661) < 1e-6, String(test!.value));
  assert.ok(test!.pValue! < 1e-8);
  // Jensen–Shannon distances of 0.085 and 0.034; the latter is no chance in 100,000 messages, and still does not matter.
  assert.equal(of(600, 400, { thresholds: { 'chi-square': 0.09 } }).verdict, 'stable');
  const small = of(54_000, 46_000);
  assert.equal(small.verdict, 'stable');
  assert.ok(small.statistics[0]!.pValue! < 1e-9);
  assert.ok(small.statistics[0]!.value < small.statistics[0]!.threshold);
  assert.equal(of(54_000, 46_000, { thresholds: { 'chi-square': 0.03 } }).verdict, 'drifted');
  // Large and no proof: 60 messages.
  assert.equal(of(36, 24, { samplesMin: 1 }).verdict, 'stable');
});

test('p-values are corrected for the number of features, not of statistics', () => {
  const features = ['confidence', 'length', 'words'];
  const baseline = features.map((feature) => ordered(feature, [1_000, 1_000, 1_000]));
  const histogram = features.flatMap((feature, at) =>
    countsOf(feature, at === 0 ? [370, 330, 300] : [333, 333, 334]),
  );
  const pValueOf = (given: Partial<Parameters<typeof compareWindow>[0]>) =>
    compareWindow({ baseline, histogram, ...usual, ...given }).statistics.find(
      ({ feature, statistic }) => feature === 'confidence' && statistic === 'chi-square',
    )!.pValue!;
  const alone = pValueOf({ correction: 'none' });
  assert.ok(Math.abs(pValueOf({}) - 3 * alone) < 1e-12);
  const ofTexts = [
    { feature: 'domain', statistic: 'auc', value: 0.5, threshold: 0.6, pValue: 0.5, drifted: false },
  ];
  assert.ok(Math.abs(pValueOf({ ofTexts }) - 4 * alone) < 1e-12);
  const rates = [2 * alone, 4 * alone].map(
    (falseAlarmRate) =>
      compareWindow({
        baseline,
        histogram,
        ...usual,
        predictionThreshold: 2,
        falseAlarmRate,
        thresholds: { 'chi-square': 0.03 },
      }).verdict,
  );
  assert.deepEqual(rates, ['stable', 'drifted']);
});

test('calibrated thresholds keep the wanted rate of false alarms over all features and statistics of a window', () => {
  const random = randomFrom(77);
  const windows = 60;
  const falseAlarmRate = 0.05;
  const statistics = ['psi', 'wasserstein', 'kolmogorov-smirnov'] as const;
  const alarms = { still: 0, moved: 0 };
  for (let round = 0; round < windows; round++) {
    const counts = (shares: readonly number[], size: number): number[] => {
      const drawn = draw(shares, size, random);
      return shares.map((_, at) => drawn[`b${at}`] ?? 0);
    };
    const baseline = ['confidence', 'length'].map((feature) => ordered(feature, counts(deciles, 5_000)));
    const common = { samplesMin, thresholds: {}, statistics, calibration: { falseAlarmRate, random } };
    const still = [
      ...countsOf('confidence', counts(deciles, 600)),
      ...countsOf('length', counts(deciles, 600)),
    ];
    if (compareWindow({ baseline, histogram: still, ...common }).verdict === 'drifted') alarms.still++;
    const shares = deciles.map((share, at) => share * (1 + at / 10));
    const moved = [
      ...countsOf('confidence', counts(shares, 600)),
      ...countsOf('length', counts(shares, 600)),
    ];
    if (compareWindow({ baseline, histogram: moved, ...common }).verdict === 'drifted') alarms.moved++;
  }
  // 3 are wanted at most; 9 or more come once in 250 runs of a rate of 5 %.
  assert.ok(alarms.still < 9, `${alarms.still} false alarms in ${windows} windows`);
  assert.equal(alarms.moved, windows);
});
