// Drift statistics of one feature on binned counts: value, effect and p-value; correction; calibrated thresholds.
import {
  chiSquare,
  divergenceEffect,
  divergenceTail,
  isDivergence,
  valueOfDivergence,
} from './statistics/divergences.ts';
import { kolmogorovSmirnovTail } from './statistics/kolmogorov-smirnov.ts';
import { kolmogorovSmirnov, wasserstein } from './statistics/ordered.ts';
import { type Pooled, pooled, type Sides } from './statistics/pooling.ts';
import { newCategoryRate, type Rate, rateEffect, rateTail, rateThreshold } from './statistics/rates.ts';
import { resampledThreshold, type Tail } from './statistics/resampling.ts';

export type StatisticName =
  | 'psi'
  | 'jensen-shannon'
  | 'kullback-leibler'
  | 'hellinger'
  | 'wasserstein'
  | 'kolmogorov-smirnov'
  | 'chi-square'
  | 'missing-rate'
  | 'new-category-rate';

/** One feature of a baseline (`expected`) and a window (`actual`), bin by bin. */
export interface Counts {
  /** The bins of a numeric feature are in order; those of a categorical one have none. */
  readonly kind: 'numeric' | 'categorical';
  /** Numeric: the inner edges, one fewer than bins, in order. Categorical: empty. */
  readonly edges: readonly number[];
  readonly expected: readonly number[];
  readonly actual: readonly number[];
  /** Bins that the baseline never saw; by default those without a count in it. */
  readonly newCategory?: readonly boolean[];
  /** Messages without a value, which are in no bin. */
  readonly missing?: { readonly expected: number; readonly actual: number };
}

/** The baseline’s half of `Counts`. */
export type BaselineCounts = Pick<Counts, 'kind' | 'edges' | 'expected'> & {
  readonly missing?: Pick<NonNullable<Counts['missing']>, 'expected'>;
};

/** What a statistic says of one feature. The larger the value, the further the window is from the baseline. */
export interface Measurement {
  readonly value: number;
  /** Size of the change on a scale that does not grow with the samples; which one depends on the statistic. */
  readonly effect: number | null;
  /** Chance of such a value, or a larger one, without drift; null where none is known. */
  readonly pValue: number | null;
}

/**
 * Measures how far a window is from its baseline. Definitions, effects and p-values stand in docs/drift-statistics.md.
 * Throws `RangeError` when the counts cannot be compared: lists of different lengths, a side without counts, or
 * an ordered statistic of a categorical feature.
 */
export function measure(name: StatisticName, counts: Counts): Measurement {
  check(name, counts);
  if (isRate(name)) {
    const rate = rateOf(name, counts);
    return { value: rate.actual / rate.samples, effect: rateEffect(rate), pValue: rateTail(rate) };
  }
  const value = distanceOf(name, counts);
  if (name === 'wasserstein') return { value, effect: value, pValue: null };
  if (name === 'kolmogorov-smirnov') {
    const pValue = kolmogorovSmirnovTail(value, sum(counts.expected), sum(counts.actual));
    return { value, effect: value, pValue };
  }
  const { filled, rest, all } = pooled(counts);
  const filledTail =
    name === 'chi-square' ? chiSquare(filled).pValue : divergenceTail(name, distanceOf(name, filled), filled);
  const effect = name === 'chi-square' ? chiSquare(all).effect : divergenceEffect(name, value, all);
  return { value, effect, pValue: eitherTail(filled.expected.length > 1 ? filledTail : null, rest, counts) };
}

export type Correction = 'benjamini-hochberg' | 'holm' | 'none';

/**
 * P-values of several tests of one window, corrected for their number; nulls stay and do not count as tests. At a
 * level of q, `holm` keeps the chance of any false alarm below q (Holm, 1979), `benjamini-hochberg` the expected
 * share of false ones among the alarms (Benjamini and Hochberg, 1995). Without any drift both keep the former.
 */
export function corrected(
  pValues: readonly (number | null)[],
  method: Correction,
): readonly (number | null)[] {
  if (method === 'none') return pValues;
  const ordered = [...pValues.keys()]
    .filter((place) => pValues[place] !== null)
    .sort((a, b) => (pValues[a] as number) - (pValues[b] as number));
  const tests = ordered.length;
  const result: (number | null)[] = pValues.map(() => null);
  const set = (rank: number, pValue: number): number => {
    result[ordered[rank] as number] = pValue;
    return pValue;
  };
  const at = (rank: number): number => pValues[ordered[rank] as number] as number;
  if (method === 'holm') {
    for (let rank = 0, least = 0; rank < tests; rank++) {
      least = set(rank, Math.max(least, Math.min(1, at(rank) * (tests - rank))));
    }
    return result;
  }
  for (let rank = tests - 1, most = 1; rank >= 0; rank--) {
    most = set(rank, Math.min(most, (at(rank) * tests) / (rank + 1)));
  }
  return result;
}

export interface Calibration {
  /** Messages of the window. */
  readonly samples: number;
  /** Wanted share of undrifted windows whose value is at or above the threshold, above 0 and below 1. */
  readonly falseAlarmRate: number;
  /** Pairs of samples that are drawn, two at least; 400 place the threshold within about 3 %. Rates need none. */
  readonly resamples: number;
  /** Uniform, from 0 to below 1. */
  readonly random: () => number;
}

/**
 * The value that a window of `samples` messages reaches or exceeds with the wanted rate although nothing drifted.
 * The baseline is a sample too: both sides are drawn anew from its shares (a parametric bootstrap), and a fitted tail
 * stands for the draws that would be needed. Rates have an exact tail instead. Throws `RangeError`.
 */
export function calibrated(name: StatisticName, baseline: BaselineCounts, calibration: Calibration): number {
  const { expected, missing } = baseline;
  const { samples, falseAlarmRate, resamples } = calibration;
  if (!(samples >= 1 && falseAlarmRate > 0 && falseAlarmRate < 1 && resamples >= 2)) {
    throw new RangeError(
      `No threshold for ${samples} messages, a false-alarm rate of ${falseAlarmRate} and ${resamples} draws.`,
    );
  }
  const lost = missing?.expected ?? 0;
  const same = { ...baseline, actual: expected, missing: { expected: lost, actual: lost } };
  check(name, same);
  if (isRate(name)) return rateThreshold({ ...rateOf(name, same), samples }, falseAlarmRate);
  const tail: Tail = {
    power: name === 'hellinger' || isOrdered(name) ? 2 : 1,
    form: isOrdered(name) ? 'exponential' : 'gamma',
  };
  return resampledThreshold(expected, calibration, tail, (drawn, actual) =>
    distanceOf(name, { ...baseline, expected: drawn, actual }),
  );
}

type RateName = 'missing-rate' | 'new-category-rate';
type Bins = Pick<Counts, 'edges' | 'expected' | 'actual'>;

const isRate = (name: StatisticName): name is RateName =>
  name === 'missing-rate' || name === 'new-category-rate';

const isOrdered = (name: StatisticName): boolean => name === 'wasserstein' || name === 'kolmogorov-smirnov';

function distanceOf(name: Exclude<StatisticName, RateName>, counts: Bins | Sides): number {
  if (isOrdered(name))
    return name === 'wasserstein' ? wasserstein(counts as Bins) : kolmogorovSmirnov(counts);
  const { all } = pooled(counts);
  return isDivergence(name) ? valueOfDivergence(name, all) : chiSquare(all).value;
}

/** The χ² tail of the filled groups and the exact one of the rest, doubled because there are two. */
function eitherTail(filled: number | null, rest: Pooled['rest'], { expected, actual }: Sides): number {
  if (rest === null) return filled ?? 1;
  const ofRest = rateTail({ ...rest, baseline: sum(expected), samples: sum(actual) });
  return filled === null ? ofRest : Math.min(1, 2 * Math.min(filled, ofRest));
}

function rateOf(name: RateName, counts: Counts): Rate {
  if (name === 'new-category-rate') return newCategoryRate(counts);
  const { expected = 0, actual = 0 } = counts.missing ?? {};
  return {
    expected,
    baseline: sum(counts.expected) + expected,
    actual,
    samples: sum(counts.actual) + actual,
  };
}

function check(name: StatisticName, { kind, edges, expected, actual, missing }: Counts): void {
  const lost = name === 'missing-rate' ? missing : undefined;
  if (expected.length !== actual.length || expected.length === 0) {
    throw new RangeError(`Histograms of ${expected.length} and ${actual.length} bins cannot be compared.`);
  }
  if (sum(expected) + (lost?.expected ?? 0) === 0 || sum(actual) + (lost?.actual ?? 0) === 0) {
    throw new RangeError('A histogram without counts has no shares.');
  }
  if (!isOrdered(name)) return;
  if (kind !== 'numeric') throw new RangeError(`${name} needs bins that have an order.`);
  if (name === 'wasserstein' && edges.length !== expected.length - 1) {
    throw new RangeError(
      `${expected.length} bins have ${expected.length - 1} inner edges, not ${edges.length}.`,
    );
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
