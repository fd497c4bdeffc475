// Statistics of bins in order: the Kolmogorov–Smirnov distance, and Wasserstein’s between positions of the bins.
import type { Sides } from './pooling.ts';

/** The largest difference of both cumulative shares at the upper ends of bins: 0–1. */
export function kolmogorovSmirnov({ expected, actual }: Sides): number {
  const [n, m] = [sum(expected), sum(actual)];
  let [before, after, widest] = [0, 0, 0];
  for (const [bin, count] of expected.entries()) {
    before += count;
    after += actual[bin] as number;
    widest = Math.max(widest, Math.abs(before / n - after / m));
  }
  return widest;
}

/**
 * Where the messages of a bin are taken to be: the middle of an inner bin; the outer ones, which have no end, reach
 * as far beyond their edge as their inner neighbour is wide. A single edge has its bins half a unit to either side.
 */
export function positionsOf(edges: readonly number[]): readonly number[] {
  const [first, second] = edges as readonly [number?, number?];
  if (first === undefined) return [0];
  const last = edges.at(-1) as number;
  const width = second === undefined ? 1 : second - first;
  const lastWidth = second === undefined ? 1 : last - (edges.at(-2) as number);
  const inner = edges.slice(1).map((edge, index) => ((edges[index] as number) + edge) / 2);
  return [first - width / 2, ...inner, last + lastWidth / 2];
}

/** Baselines narrower than this would make the distance explode; Evidently has the same floor. */
const deviationMin = 1e-3;

/**
 * Wasserstein’s first distance, ∫ |F − G|, with the messages of a bin at its position, in standard deviations of the
 * baseline: how far the average message has to move.
 */
export function wasserstein({
  edges,
  expected,
  actual,
}: Sides & { readonly edges: readonly number[] }): number {
  const positions = positionsOf(edges);
  const [n, m] = [sum(expected), sum(actual)];
  let [before, after, distance] = [0, 0, 0];
  for (let bin = 0; bin + 1 < positions.length; bin++) {
    before += expected[bin] as number;
    after += actual[bin] as number;
    distance +=
      Math.abs(before / n - after / m) * ((positions[bin + 1] as number) - (positions[bin] as number));
  }
  return distance / Math.max(deviationMin, deviation(positions, expected));
}

/** Standard deviation of counts at positions, with divisor n. */
function deviation(positions: readonly number[], counts: readonly number[]): number {
  const n = sum(counts);
  const mean = sum(positions.map((position, bin) => (position * (counts[bin] as number)) / n));
  return Math.sqrt(
    sum(positions.map((position, bin) => ((position - mean) ** 2 * (counts[bin] as number)) / n)),
  );
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
