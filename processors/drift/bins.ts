// One feature’s baseline and window over the same bins, and what a person calls those bins.
import type { Baseline } from '../../schemas/baseline.ts';

/** What a window saw: one entry per feature and bin. */
export interface HistogramBin {
  readonly feature: string;
  /** The value of a categorical feature, the index of a numeric one’s bin. */
  readonly bin: string;
  readonly count: number;
}

/** Counts of a feature, bin by bin. */
export interface Aligned {
  readonly names: readonly string[];
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

/** With fewer counts in a bin the χ² approximations of what chance gives are wrong. */
const expectedCountMin = 10;

interface Group {
  readonly expected: number;
  readonly actual: number;
}

/** Every bin that the baseline or the window knows, those of the baseline first. */
export function alignBins(baseline: Baseline, histogram: readonly HistogramBin[]): Aligned {
  const seen = new Map<string, number>();
  for (const { feature, bin, count } of histogram) {
    if (feature === baseline.feature) seen.set(bin, (seen.get(bin) ?? 0) + count);
  }
  const names = [...new Set([...baseline.bins, ...seen.keys()])];
  return {
    names,
    expected: names.map((_, index) => baseline.counts[index] ?? 0),
    actual: names.map((name) => seen.get(name) ?? 0),
  };
}

/**
 * The same counts with neighbouring rare bins put together until the smaller sample should hold ten in each group.
 * What goes together depends on the baseline alone, not on what the window happens to show, and not on the order
 * of the counts: grouping by frequency collects the bins that the baseline underestimates by chance, which gave 4
 * false alarms in 1,000 windows instead of 1 in 10,000. Bins that the baseline has never seen come last: many of
 * them make the last group grow. Groups have no names.
 */
export function groupRareBins({ expected, actual }: Aligned): Pick<Aligned, 'expected' | 'actual'> {
  const scale = Math.min(sum(expected), sum(actual)) / sum(expected);
  const groups: Group[] = [];
  let open: Group = { expected: 0, actual: 0 };
  for (const [bin, count] of expected.entries()) {
    const single = { expected: count, actual: actual[bin] as number };
    const isRare = count * scale < expectedCountMin;
    if (isRare) open = { expected: open.expected + single.expected, actual: open.actual + single.actual };
    if (!isRare) groups.push(single);
    else if (open.expected * scale >= expectedCountMin) {
      groups.push(open);
      open = { expected: 0, actual: 0 };
    }
  }
  const last = groups.pop() ?? { expected: 0, actual: 0 };
  groups.push({ expected: last.expected + open.expected, actual: last.actual + open.actual });
  return { expected: groups.map((group) => group.expected), actual: groups.map((group) => group.actual) };
}

/** The bin in words: the value itself, or the span of numbers it holds. */
export function describeBin({ kind, edges }: Baseline, name: string): string {
  const index = Number(name);
  if (kind === 'categorical' || !Number.isInteger(index)) return name;
  const [from, to] = [edges[index - 1], edges[index]];
  if (from === undefined) return to === undefined ? 'any' : `below ${to}`;
  return to === undefined ? `${from} or more` : `${from} to ${to}`;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
