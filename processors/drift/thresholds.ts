// From where on a statistic counts: fixed thresholds with what chance adds, or calibrated ones.
import type { Baseline } from '../../schemas/baseline.ts';
import { type Aligned, filledBins, sum } from './bins.ts';
import { type Chance, divergenceByChance, type Samples, stabilityByChance } from './divergence.ts';
import { type Correction, type Counts, calibrated, measure, type StatisticName } from './statistics.ts';

export interface Calibration {
  /** Wanted share of undrifted windows in which anything at all counts as drifted. */
  readonly falseAlarmRate: number;
  /** Uniform, from 0 to below 1. */
  readonly random: () => number;
}

interface Feature {
  readonly baseline: Baseline;
  readonly aligned: Aligned;
}

interface Judging {
  readonly samplesMin: number;
  readonly thresholds: Readonly<Partial<Record<StatisticName, number>>>;
  readonly statistics?: readonly StatisticName[];
  readonly calibration?: Calibration;
  readonly correction?: Correction;
  readonly predictionThreshold?: number;
}

/** A statistic before its p-value is corrected. */
export interface Judged {
  readonly feature: string;
  readonly statistic: StatisticName;
  readonly value: number;
  readonly threshold: number;
  readonly pValue: number | null;
}

/**
 * Fixed thresholds where a job names none. PSI: 0.25 is usually called a large change; Hellinger, Wasserstein (in
 * standard deviations) and Kolmogorov–Smirnov 0.1; χ² has none, its p-value decides.
 */
export const usualThresholds: Readonly<Record<StatisticName, number>> = {
  psi: 0.25,
  'jensen-shannon': 0.1,
  'kullback-leibler': 0.1,
  hellinger: 0.1,
  wasserstein: 0.1,
  'kolmogorov-smirnov': 0.1,
  'chi-square': 0,
  'missing-rate': 0.01,
  'new-category-rate': 0.01,
};

export const statisticNames = Object.keys(usualThresholds) as readonly StatisticName[];

/** Statistics that need bins with an order. */
export const orderedStatistics: ReadonlySet<StatisticName> = new Set(['wasserstein', 'kolmogorov-smirnov']);

const resamples = 400;

/** Every wanted statistic of every feature that has it, with the threshold in force for this many messages. */
export function judge(features: readonly Feature[], judging: Judging): readonly Judged[] {
  const pairs = pairsOf(features, judging);
  const rate = rateOf(judging, features);
  return pairs.map(({ feature, statistic }) => {
    const counts = countsOf(feature);
    const { value, pValue } = measure(statistic, counts);
    const threshold =
      rate === null || judging.calibration === undefined
        ? fixed(statistic, counts, judging.thresholds[statistic] ?? usualThresholds[statistic])
        : calibratedFor(statistic, counts, { falseAlarmRate: rate, random: judging.calibration.random });
    return { feature: feature.baseline.feature, statistic, value, threshold, pValue };
  });
}

/**
 * The Jensen–Shannon distance (the square root of the divergence in bits) of label and confidence from the baseline.
 * It counts from the prediction threshold on, and never below what chance gives. Null where neither has a baseline.
 */
export function predictionOf(
  features: readonly Feature[],
  judging: Judging,
): { readonly feature: string; readonly score: number; readonly drifted: boolean } | null {
  const { predictionThreshold = 0.05, calibration } = judging;
  const falseAlarmRate = rateOf(judging, features);
  const measured = features
    .filter(isPrediction)
    .filter((feature) => hasStatistic(feature, 'jensen-shannon', judging.samplesMin))
    .map((feature) => {
      const counts = countsOf(feature);
      const distance = Math.sqrt(measure('jensen-shannon', counts).value);
      const chance =
        falseAlarmRate === null || calibration === undefined
          ? divergenceByChance(samplesOf(counts)).rare
          : calibratedFor('jensen-shannon', counts, { falseAlarmRate, random: calibration.random });
      const threshold = Math.max(predictionThreshold, Math.sqrt(chance));
      return { feature: feature.baseline.feature, score: distance, drifted: distance >= threshold };
    })
    .sort((a, b) => Number(b.drifted) - Number(a.drifted) || b.score - a.score);
  const [first] = measured;
  return first ? { ...first, score: Math.max(...measured.map(({ score }) => score)) } : null;
}

/** The statistics of every feature that has them. */
function pairsOf(
  features: readonly Feature[],
  { statistics = ['psi', 'jensen-shannon'], samplesMin }: Judging,
) {
  return features.flatMap((feature) =>
    statistics
      .filter((statistic) => hasStatistic(feature, statistic, samplesMin))
      .map((statistic) => ({ feature, statistic })),
  );
}

/**
 * Each test’s part of the wanted rate (Bonferroni), the distances of the predictions among them; the whole rate where
 * nothing is to be corrected.
 */
function rateOf(judging: Judging, features: readonly Feature[]): number | null {
  const { calibration, correction } = judging;
  if (!calibration) return null;
  if (correction === 'none') return calibration.falseAlarmRate;
  const tests = pairsOf(features, judging).length + features.filter(isPrediction).length;
  return calibration.falseAlarmRate / Math.max(1, tests);
}

const calibratedFor = (
  statistic: StatisticName,
  { actual, missing, ...baseline }: Counts,
  calibration: Calibration,
): number =>
  calibrated(
    statistic,
    { ...baseline, ...(missing ? { missing: { expected: missing.expected } } : {}) },
    {
      ...calibration,
      resamples,
      samples: sum(actual) + (statistic === 'missing-rate' ? (missing?.actual ?? 0) : 0),
    },
  );

/**
 * Both indices are above zero even when nothing drifts, the more so the fewer the messages and the more the bins. So
 * each has to reach its threshold plus what chance gives on average, and never less than what chance gives once in
 * 10,000 windows. The others have p-values, or values that chance hardly moves.
 */
function fixed(statistic: StatisticName, counts: Counts, matters: number): number {
  const chance = chances[statistic]?.(samplesOf(counts));
  return chance ? Math.max(matters + chance.mean, chance.rare) : matters;
}

const chances: Partial<Record<StatisticName, (samples: Samples) => Chance>> = {
  psi: stabilityByChance,
  'jensen-shannon': divergenceByChance,
};

const samplesOf = ({ expected, actual }: Counts): Samples => ({
  bins: filledBins(expected, sum(actual)),
  expected: sum(expected),
  actual: sum(actual),
});

function countsOf({ baseline, aligned }: Feature): Counts {
  const { kind, edges, bins } = baseline;
  const { names, expected, actual, missing } = aligned;
  return { kind, edges, expected, actual, missing, newCategory: names.map((name) => !bins.includes(name)) };
}

function hasStatistic({ baseline, aligned }: Feature, statistic: StatisticName, samplesMin: number): boolean {
  if (statistic === 'missing-rate') return true;
  if (sum(aligned.actual) < Math.max(1, samplesMin)) return false;
  if (statistic === 'new-category-rate' || statistic === 'chi-square')
    return baseline.kind === 'categorical' || statistic === 'chi-square';
  return baseline.kind === 'numeric' || !orderedStatistics.has(statistic);
}

const isPrediction = ({ baseline: { feature } }: Feature): boolean =>
  feature === 'label' || feature === 'confidence';
