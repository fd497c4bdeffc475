// Which parts of the traffic moved, and how a person is told.
import type { Baseline } from '../../schemas/baseline.ts';
import type { Slice } from '../../schemas/drift-report.ts';
import { type Aligned, describeBin, sum } from './bins.ts';

/** A share of the traffic that changed; `name` is the bin as histograms call it, `bin` in words. */
export interface Move extends Slice {
  readonly name: string;
  /** Edges of the bin’s feature; empty for values without an order. */
  readonly edges: readonly number[];
}

const describedMax = 3;
/** A share that changed by less is not worth naming. */
const moveMin = 0.01;

/** Bins of a feature by how much their share changed, the largest change first; changes below a hundredth are left out. */
export function movesOf(baseline: Baseline, { names, expected, actual }: Aligned): readonly Move[] {
  const [expectedTotal, actualTotal] = [sum(expected), sum(actual)];
  if (expectedTotal === 0 || actualTotal === 0) return [];
  return names
    .map((name, index) => ({
      feature: baseline.feature,
      name,
      edges: baseline.edges,
      bin: describeBin(baseline, name),
      before: (expected[index] as number) / expectedTotal,
      after: (actual[index] as number) / actualTotal,
    }))
    .sort(byChange)
    .filter(({ before, after }, place) => place === 0 || Math.abs(after - before) >= moveMin);
}

export const byChange = (a: Slice, b: Slice): number =>
  Math.abs(b.after - b.before) - Math.abs(a.after - a.before);

/** “language: ar 3 % → 31 %, en 64 % → 40 %”: the bins whose share changed most. */
export function describeMoves(feature: string, moves: readonly Move[]): string {
  const described = moves
    .slice(0, describedMax)
    .map(({ bin, before, after }) => `${bin} ${percent(before)} → ${percent(after)}`);
  return `${feature}: ${described.join(', ')}`;
}

/** Whole per cent, one decimal below one. */
const percent = (share: number): string => {
  const value = share * 100;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
};
