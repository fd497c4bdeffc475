// From where on a statistic counts: fixed thresholds, or calibrated ones.
import type { Baseline } from '../../schemas/baseline.ts';
import { type Aligned, sum } from './bins.ts';
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
interface Judged {
  readonly feature: string;
  readonly statistic: StatisticName;
  readonly value: number;
  readonly threshold: number;
  readonly pValue: number | null;
  /** Whether the change is large enough, be it by chance or not. */
  readonly reached: boolean;
}

/**
 * What is measured where a job names nothing: χ² decides, the other two say how large a change is in figures that
 * people know.
 */
export const usualStatistics: readonly StatisticName[] = ['chi-square', 'psi', 'jensen-shannon'];

/**
 * Fixed thresholds where a job names none. PSI: 0.25 is usually called a large change; Hellinger, Wasserstein (in
 * standard deviations) and Kolmogorov–Smirnov 0.1. χ² grows with the messages and says nothing of the size of a change:
 * its threshold is the Jensen–Shannon distance that the feature has to be away from its baseline.
 */
const usualThresholds: Readonly<Record<StatisticName, number>> = {
  psi: 0.25,
  'jensen-shannon': 0.1,
  'kullback-leibler': 0.1,
  hellinger: 0.1,
  wasserstein: 0.1,
  'kolmogorov-smirnov': 0.1,
  'chi-square': 0.05,
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
    const of = { feature: feature.baseline.feature, statistic, value, pValue };
    if (rate !== null && judging.calibration !== undefined) {
      const { random } = judging.calibration;
      const threshold = calibratedFor(statistic, counts, { falseAlarmRate: rate, random });
      return { ...of, threshold, reached: value >= threshold };
    }
    const matters = judging.thresholds[statistic] ?? usualThresholds[statistic];
    const threshold = statistic === 'chi-square' ? chiSquareOf(matters, counts) : matters;
    const isLarge = statistic !== 'chi-square' || distanceOf(counts) >= matters;
    return { ...of, threshold, reached: value >= threshold && isLarge };
  });
}

/** What χ² comes to when the Jensen–Shannon distance is so large: both are sums of the same squares near equality. */
const chiSquareOf = (distance: number, { expected, actual }: Counts): number =>
  (8 * Math.LN2 * distance ** 2) / (1 / sum(expected) + 1 / sum(actual));

/** The Jensen–Shannon distance, the square root of the divergence in bits. */
const distanceOf = (counts: Counts): number => Math.sqrt(measure('jensen-shannon', counts).value);

/**
 * The Jensen–Shannon distance of label and confidence from the baseline. It counts from the prediction threshold on,
 * where it is significant; where thresholds are calibrated, never below what chance gives. Null where neither has a
 * baseline.
 */
export function predictionOf(
  features: readonly Feature[],
  judging: Judging,
  isSignificant: (feature: string) => boolean,
): { readonly feature: string; readonly score: number; readonly drifted: boolean } | null {
  const { predictionThreshold = 0.05, calibration } = judging;
  const falseAlarmRate = rateOf(judging, features);
  const measured = features
    .filter(isPrediction)
    .filter((feature) => hasStatistic(feature, 'jensen-shannon', judging.samplesMin))
    .map((feature) => {
      const counts = countsOf(feature);
      const score = distanceOf(counts);
      const chance =
        falseAlarmRate === null || calibration === undefined
          ? 0
          : calibratedFor('jensen-shannon', counts, { falseAlarmRate, random: calibration.random });
      const name = feature.baseline.feature;
      const isLarge = score >= Math.max(predictionThreshold, Math.sqrt(chance));
      return { feature: name, score, drifted: isLarge && isSignificant(name) };
    })
    .sort((a, b) => Number(b.drifted) - Number(a.drifted) || b.score - a.score);
  const [first] = measured;
  return first ? { ...first, score: Math.max(...measured.map(({ score }) => score)) } : null;
}

/** The statistics of every feature that has them. */
function pairsOf(features: readonly Feature[], { statistics = usualStatistics, samplesMin }: Judging) {
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
