// The tree-structured Parzen estimator (Bergstra et al. 2011, “Algorithms for Hyper-Parameter Optimization”): trials
// are split into good and other ones, a density is laid over the values of each, and of some draws from the good
// density that one is proposed for which the good density is largest beside the other.
import { type OptionValue, placeOf, type Range } from './space.ts';
import type { Trial } from './trial.ts';

/** Share of the trials that are good, and how many at most. */
const goodShare = 0.2;
const goodMax = 25;
/** Draws that are compared. */
const candidates = 24;

export interface Dimension {
  readonly name: string;
  readonly range: Range;
}

/** A place between 0 and 1 in the range of an option. */
export function proposePlace(
  { name, range }: Dimension,
  trials: readonly Trial[],
  random: () => number,
): number {
  const { good, others } = divide(trials);
  const valuesIn = (part: readonly Trial[]) => part.map(({ setting }) => setting[name]!);
  if (range.kind === 'choice') {
    const near = sharesOf(range.values, valuesIn(good));
    const far = sharesOf(range.values, valuesIn(others));
    return drawPlace(
      near.map((share, at) => share / far[at]!),
      random,
    );
  }
  const places = (part: readonly Trial[]) => valuesIn(part).map((value) => placeOf(range, Number(value)));
  const near = densityOf(places(good));
  const far = densityOf(places(others));
  let best = random();
  let bestRatio = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < candidates; at++) {
    const place = near.draw(random);
    const ratio = Math.log(near.at(place)) - Math.log(far.at(place));
    if (ratio > bestRatio) {
      bestRatio = ratio;
      best = place;
    }
  }
  return best;
}

/** Pruned and failed trials are among the others: they were not good. */
function divide(trials: readonly Trial[]) {
  const ranked = trials
    .filter(({ state }) => state === 'finished')
    .sort((a, b) => b.score! - a.score! || a.trial - b.trial);
  const good = ranked.slice(0, Math.min(goodMax, Math.ceil(goodShare * ranked.length)));
  return { good, others: trials.filter((trial) => !good.includes(trial)) };
}

/** How often each value was taken. One trial of each is taken for granted: what was not tried is not impossible. */
function sharesOf(values: readonly OptionValue[], taken: readonly OptionValue[]): readonly number[] {
  return values.map(
    (value) => (1 + taken.filter((other) => other === value).length) / (values.length + taken.length),
  );
}

/**
 * The middle of a part of [0, 1], drawn by its weight. The largest weight is not simply taken: among a few values a
 * search would stay for long with the one that was lucky first.
 */
function drawPlace(weights: readonly number[], random: () => number): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const picked = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return ((picked < 0 ? weights.length - 1 : picked) + 0.5) / weights.length;
}

interface Density {
  at(place: number): number;
  draw(random: () => number): number;
}

/**
 * A mixture of normal densities on [0, 1], one for each place and a broad one for what was not tried. Each is as wide
 * as the way to its farther neighbour.
 */
function densityOf(places: readonly number[]): Density {
  const sorted = [...places].sort((a, b) => a - b);
  const least = 1 / Math.min(100, sorted.length + 2);
  const bells = sorted.map((mean, at) => {
    const reach = Math.max(mean - (sorted[at - 1] ?? 0), (sorted[at + 1] ?? 1) - mean);
    return bell(mean, Math.min(1, Math.max(least, reach)));
  });
  bells.push(bell(0.5, 1));
  return {
    at: (place) => bells.reduce((sum, { at }) => sum + at(place), 0) / bells.length,
    draw: (random) => bells[Math.floor(random() * bells.length)]!.draw(random),
  };
}

/** A normal density cut off outside [0, 1]. */
function bell(mean: number, deviation: number): Density {
  const share = cumulative((1 - mean) / deviation) - cumulative(-mean / deviation);
  const scale = 1 / (deviation * Math.sqrt(2 * Math.PI) * share);
  return {
    at: (place) => scale * Math.exp(-((place - mean) ** 2) / (2 * deviation ** 2)),
    draw: (random) => {
      for (let tries = 0; tries < 100; tries++) {
        // Box and Muller 1958.
        const radius = Math.sqrt(-2 * Math.log(1 - random()));
        const place = mean + deviation * radius * Math.cos(2 * Math.PI * random());
        if (place >= 0 && place <= 1) return place;
      }
      return mean;
    },
  };
}

/** The standard normal distribution function, to 1e-7 (Abramowitz and Stegun 1964, 26.2.17). */
function cumulative(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
