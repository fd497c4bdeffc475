// Rules that say of one window whether the release’s world has moved: all features in, one alarm out.

import { gammaQuantile } from '../../processors/drift/statistics/gamma.ts';
import { kolmogorovSmirnov, wasserstein } from '../../processors/drift/statistics/ordered.ts';
import { pooled } from '../../processors/drift/statistics/pooling.ts';
import {
  type Counts,
  calibrated,
  corrected,
  measure,
  type StatisticName,
} from '../../processors/drift/statistics.ts';
import { compareWindow } from '../../processors/drift/window.ts';

/** Counts of every feature in one window. */
export type WindowCounts = readonly (Counts & { readonly name: string })[];
export type Rule = (window: WindowCounts) => boolean;

export interface RuleOptions {
  /** Wanted share of windows with an alarm although nothing moved. */
  readonly falseAlarmRate: number;
  readonly random: () => number;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/** Millrace’s rule before this one: PSI 0.25 or Jensen–Shannon 0.1 above what chance gives on average. */
const thresholdAndChance: Rule = (window) =>
  window.some((counts) => {
    const { expected, actual } = pooled(counts).all;
    const freedom = Math.max(1, expected.length - 1);
    const scale = 1 / sum(expected) + 1 / sum(actual);
    const rare = 2 * gammaQuantile(freedom / 2, 1e-4);
    const psi = measure('psi', counts).value;
    const bits = measure('jensen-shannon', counts).value * 8 * Math.LN2;
    return (
      psi >= scale * Math.max(0.25 / scale + freedom, rare) ||
      bits >= scale * Math.max((0.1 * 8 * Math.LN2) / scale + freedom, rare)
    );
  });

/** Evidently’s defaults for more than 1,000 messages: distances from 0.1 on, in so large a share of the columns. */
const evidently =
  (columnsMin: number): Rule =>
  (window) => {
    const drifted = window.filter((counts) =>
      counts.kind === 'numeric'
        ? wasserstein(counts) >= 0.1
        : Math.sqrt(measure('jensen-shannon', counts).value * Math.LN2) >= 0.1,
    );
    return drifted.length > 0 && drifted.length >= columnsMin * window.length;
  };

/** What every release is compared by; the features of the texts as well, where they are published. */
const usual: ReadonlySet<string> = new Set(['label', 'confidence', 'length', 'language']);

/** The decision of the drift job that runs where none is declared. */
const driftJob =
  (falseAlarmRate: number, isCompared: (feature: string) => boolean): Rule =>
  (all) => {
    const window = all.filter(({ name }) => isCompared(name));
    const baseline = window.map(({ name, kind, edges, expected }) => {
      const bins = expected.map((_, bin) => String(bin));
      const samples = sum(expected);
      return {
        release: 'calibration@1.0.0',
        feature: name,
        kind,
        edges,
        bins,
        counts: [...expected],
        samples,
      };
    });
    const histogram = window.flatMap(({ name, actual }) =>
      actual.map((count, bin) => ({ feature: name, bin: String(bin), count })),
    );
    const compared = { baseline, histogram, samplesMin: 1, falseAlarmRate, thresholds: {} };
    return compareWindow(compared).verdict === 'drifted';
  };

/** Every feature’s χ² p-value, corrected by Holm; where a floor is given, the change has to matter too. */
const chiSquareHolm =
  (falseAlarmRate: number, distanceMin: number): Rule =>
  (window) => {
    const pValues = window.map((counts) => measure('chi-square', counts).pValue);
    return corrected(pValues, 'holm').some(
      (pValue, place) =>
        pValue !== null &&
        pValue <= falseAlarmRate &&
        measure('jensen-shannon', window[place]!).effect! >= distanceMin,
    );
  };

/** Without p-values, which take long for Kolmogorov and Smirnov’s distance. */
const distanceOf = (name: StatisticName, counts: Counts): number =>
  name === 'kolmogorov-smirnov' ? kolmogorovSmirnov(counts) : measure(name, counts).value;

type Names = Readonly<Record<Counts['kind'], StatisticName>>;

/** One statistic for each kind of feature at its calibrated threshold; the rate is parted among the features. */
function calibratedRule(names: Names, { falseAlarmRate, random }: RuleOptions): Rule {
  const thresholds = new Map<string, number>();
  return (window) =>
    window.some((counts, feature) => {
      const samples = sum(counts.actual);
      const key = `${feature} ${samples}`;
      const name = names[counts.kind];
      let threshold = thresholds.get(key);
      if (threshold === undefined) {
        const rate = falseAlarmRate / window.length;
        threshold = calibrated(name, counts, { samples, falseAlarmRate: rate, resamples: 2_000, random });
        thresholds.set(key, threshold);
      }
      return distanceOf(name, counts) >= threshold;
    });
}

/** Rules by their names in the results. */
export function rulesFor(options: RuleOptions): Readonly<Record<string, Rule>> {
  const rate = options.falseAlarmRate;
  return {
    'PSI 0.25, JS 0.1 (before)': thresholdAndChance,
    'Evidently, any column': evidently(0),
    'Evidently, half the columns': evidently(0.5),
    'drift job': driftJob(rate, (feature) => usual.has(feature)),
    'drift job, features published': driftJob(rate, () => true),
    'χ², Holm': chiSquareHolm(rate, 0),
    'χ², Holm, JS distance ≥ 0.05': chiSquareHolm(rate, 0.05),
    'χ², Holm, JS distance ≥ 0.1': chiSquareHolm(rate, 0.1),
    'JS calibrated': calibratedRule({ numeric: 'jensen-shannon', categorical: 'jensen-shannon' }, options),
    'KS, JS calibrated': calibratedRule(
      { numeric: 'kolmogorov-smirnov', categorical: 'jensen-shannon' },
      options,
    ),
    'Wasserstein, JS calibrated': calibratedRule(
      { numeric: 'wasserstein', categorical: 'jensen-shannon' },
      options,
    ),
  };
}

/** Baseline and window put together for the rules. */
export const windowOf = (
  features: readonly Pick<WindowCounts[number], 'name' | 'kind' | 'edges'>[],
  expected: readonly (readonly number[])[],
  actual: readonly (readonly number[])[],
): WindowCounts =>
  features.map(({ name, kind, edges }, place) => ({
    name,
    kind,
    edges,
    expected: expected[place]!,
    actual: actual[place]!,
  }));
