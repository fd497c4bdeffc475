// Shares of messages without a value, or with one that the baseline never saw: exact tails.
import { logGamma } from './gamma.ts';

/** How often something happened among the messages of the baseline and of the window. */
export interface Rate {
  readonly expected: number;
  readonly baseline: number;
  readonly actual: number;
  readonly samples: number;
}

interface Categories {
  readonly expected: readonly number[];
  readonly actual: readonly number[];
  readonly newCategory?: readonly boolean[];
}

/**
 * Messages in bins that the baseline never saw. A baseline that is a sample misses some: as many of the next messages
 * are new as its own share of values seen once (Good, “The population frequencies of species”, 1953).
 */
export function newCategoryRate({ expected, actual, newCategory }: Categories): Rate {
  const isNew = (bin: number): boolean => newCategory?.[bin] ?? expected[bin] === 0;
  return {
    expected: expected.filter((count) => count === 1).length,
    baseline: sum(expected),
    actual: sum(actual.filter((_, bin) => isNew(bin))),
    samples: sum(actual),
  };
}

/**
 * Fisher’s exact test, one-sided: the chance that of all the cases on both sides so many or more fall into the window.
 * It never alarms more often than wanted; with few cases it alarms more rarely.
 */
export function rateTail({ expected, baseline, actual, samples }: Rate): number {
  const cases = expected + actual;
  const most = Math.min(cases, samples);
  const least = Math.max(0, cases - baseline);
  if (actual <= least) return 1;
  const first = Math.exp(
    logChoose(samples, actual) + logChoose(baseline, expected) - logChoose(samples + baseline, cases),
  );
  let [term, tail] = [1, 1];
  for (let inWindow = actual; inWindow < most; inWindow++) {
    const rest = cases - inWindow;
    term *= ((samples - inWindow) * rest) / ((inWindow + 1) * (baseline - rest + 1));
    tail += term;
  }
  return Math.min(1, first * tail);
}

/** The least rate of the window whose tail is no heavier than wanted; above 1 where no window can have one. */
export function rateThreshold(rate: Omit<Rate, 'actual'>, falseAlarmRate: number): number {
  let [low, high] = [0, rate.samples + 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rateTail({ ...rate, actual: middle }) <= falseAlarmRate) high = middle;
    else low = middle;
  }
  return high / rate.samples;
}

/** Cohen’s h: the difference of the arcsines of both rates, above 0 when the window’s is higher. */
export const rateEffect = ({ expected, baseline, actual, samples }: Rate): number =>
  angle(actual / samples) - angle(baseline === 0 ? 0 : expected / baseline);

const angle = (share: number): number => 2 * Math.asin(Math.sqrt(share));

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
