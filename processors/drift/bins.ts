// One feature’s baseline and window over the same bins, and what a person calls those bins.
import type { Baseline } from '../../schemas/baseline.ts';

/** What a window saw: one entry per feature and bin. */
export interface HistogramBin {
  readonly feature: string;
  /** The value of a categorical feature, the index of a numeric one’s bin, `missing` where there was no value. */
  readonly bin: string;
  readonly count: number;
}

/** Counts of a feature, bin by bin; messages without a value are in no bin. */
export interface Aligned {
  readonly names: readonly string[];
  readonly expected: readonly number[];
  readonly actual: readonly number[];
  readonly missing: { readonly expected: number; readonly actual: number };
}

const missingBin = 'missing';

/** Every bin that the baseline or the window knows, those of the baseline first. */
export function alignBins(baseline: Baseline, histogram: readonly HistogramBin[]): Aligned {
  const seen = new Map<string, number>();
  for (const { feature, bin, count } of histogram) {
    if (feature === baseline.feature) seen.set(bin, (seen.get(bin) ?? 0) + count);
  }
  const before = new Map(baseline.bins.map((name, index) => [name, baseline.counts[index] ?? 0]));
  const names = [...new Set([...before.keys(), ...seen.keys()])].filter((name) => name !== missingBin);
  const expected = names.map((name) => before.get(name) ?? 0);
  return {
    names,
    expected,
    actual: names.map((name) => seen.get(name) ?? 0),
    missing: {
      expected: Math.max(0, baseline.samples - sum(expected)),
      actual: seen.get(missingBin) ?? 0,
    },
  };
}

/** The bin in words: the value itself, or the span of numbers it holds. */
export function describeBin({ kind, edges }: Baseline, name: string): string {
  const index = Number(name);
  if (kind === 'categorical' || !Number.isInteger(index)) return name;
  const [from, to] = [edges[index - 1], edges[index]];
  if (from === undefined) return to === undefined ? 'any' : `below ${to}`;
  return to === undefined ? `${from} or more` : `${from} to ${to}`;
}

export const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
