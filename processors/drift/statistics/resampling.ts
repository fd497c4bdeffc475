// Thresholds by parametric bootstrap: baseline and window are drawn anew from the baseline’s shares.
import { gammaQuantile } from './gamma.ts';

interface Resampling {
  /** Messages of the window. */
  readonly samples: number;
  readonly falseAlarmRate: number;
  readonly resamples: number;
  readonly random: () => number;
}

/** A bin that the baseline never saw is not impossible (Jeffreys’ prior). */
const emptyCount = 0.5;

export interface Tail {
  /** Statistics that grow like a deviation are squared first: those of chance then have the tail of a χ² sum. */
  readonly power: 1 | 2;
  /** `gamma` for sums over bins; `exponential`, for the largest or summed deviation of bins in order. */
  readonly form: 'gamma' | 'exponential';
}

/**
 * The value that `statistic` reaches with the wanted rate when both sides are samples of one distribution. Few draws do
 * not show a rare value, so the tail is fitted: see `gammaThreshold` and `exponentialThreshold`. Never 0.
 */
export function resampledThreshold(
  baseline: readonly number[],
  { samples, falseAlarmRate, resamples, random }: Resampling,
  { power, form }: Tail,
  statistic: (expected: readonly number[], actual: readonly number[]) => number,
): number {
  const all = baseline.reduce((sum, count) => sum + count, 0);
  const weights = baseline.map((count) => count + emptyCount);
  const values = new Float64Array(resamples);
  for (let draw = 0; draw < resamples; draw++) {
    const expected = drawCounts(weights, all, random);
    values[draw] = statistic(expected, drawCounts(weights, samples, random)) ** power;
  }
  const threshold = form === 'gamma' ? gammaThreshold : exponentialThreshold;
  return Math.max(Number.EPSILON, threshold(values, falseAlarmRate) ** (1 / power));
}

/** The quantile of a gamma distribution of the same mean and variance (Satterthwaite, 1946; Welch, 1938). */
function gammaThreshold(values: Float64Array, falseAlarmRate: number): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const variance = squares / (values.length - 1);
  if (!(mean > 0 && variance > 0)) return mean;
  return (gammaQuantile(mean ** 2 / variance, falseAlarmRate) * variance) / mean;
}

/** Share of the values that the tail is fitted to. */
const tailShare = 0.2;

/** The largest fifth of the values exceeds its least one by exponential amounts (peaks over a threshold, Pickands 1975). */
function exponentialThreshold(values: Float64Array, falseAlarmRate: number): number {
  const sorted = values.toSorted();
  const place = Math.floor((1 - Math.max(tailShare, falseAlarmRate)) * sorted.length);
  const start = sorted[place] as number;
  if (falseAlarmRate >= tailShare) return start;
  const peaks = sorted.subarray(place);
  const excess = peaks.reduce((sum, value) => sum + value - start, 0) / peaks.length;
  return start + excess * Math.log(tailShare / falseAlarmRate);
}

/** Counts of `size` messages in bins of the shares of `weights`: one binomial draw a bin. */
export function drawCounts(weights: readonly number[], size: number, random: () => number): number[] {
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0);
  let left = size;
  return weights.map((weight) => {
    const count = weight >= weightLeft ? left : drawBinomial(left, weight / weightLeft, random);
    weightLeft -= weight;
    left -= count;
    return count;
  });
}

/** Below this mean counting up from zero is faster than rejection. */
const inversionMeanMax = 10;

/** A binomial variable of `trials` and chance `p`. */
export function drawBinomial(trials: number, p: number, random: () => number): number {
  if (trials === 0 || p <= 0) return 0;
  if (p > 0.5) return trials - drawBinomial(trials, 1 - p, random);
  return trials * p < inversionMeanMax ? inverted(trials, p, random) : rejected(trials, p, random);
}

function inverted(trials: number, p: number, random: () => number): number {
  const odds = p / (1 - p);
  let chance = Math.exp(trials * Math.log1p(-p));
  let rest = random();
  let count = 0;
  while (rest > chance && count < trials) {
    rest -= chance;
    count++;
    chance *= (odds * (trials - count + 1)) / count;
  }
  return count;
}

/** Transformed rejection with squeeze: BTRS of Hörmann, “The generation of binomial random variates” (1993). */
function rejected(trials: number, p: number, random: () => number): number {
  const spread = Math.sqrt(trials * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = trials * p + 0.5;
  const ratio = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const odds = Math.log(p / (1 - p));
  const mode = Math.floor((trials + 1) * p);
  const atMode = stirlingRest(mode) + stirlingRest(trials - mode);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= ratio) return count;
    if (count < 0 || count > trials) continue;
    const height = Math.log((v * alpha) / (a / (us * us) + b));
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (trials - mode + 1)) +
      (trials + 1) * Math.log((trials - mode + 1) / (trials - count + 1)) +
      (count + 0.5) * Math.log((trials - count + 1) / (count + 1)) +
      atMode -
      stirlingRest(count) -
      stirlingRest(trials - count) +
      (count - mode) * odds;
    if (height <= bound) return count;
  }
}

/** log k! less (k + ½)·log(k + 1) − (k + 1) + ½·log 2π. */
function stirlingRest(k: number): number {
  if (k < factorialRests.length) return factorialRests[k] as number;
  const x = k + 1;
  return (1 / 12 - (1 / 360 - 1 / 1260 / (x * x)) / (x * x)) / x;
}

const factorialRests: readonly number[] = [
  0.081_061_466_795_327_8, 0.041_340_695_955_409_5, 0.027_677_925_684_998_3, 0.020_790_672_103_765_1,
  0.016_644_691_189_821_2, 0.013_876_128_823_070_7, 0.011_896_709_945_891_8, 0.010_411_265_261_972,
  0.009_255_462_182_712_73, 0.008_330_563_433_362_87,
];
