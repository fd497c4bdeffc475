// One window of one release’s traffic against the release’s frozen baseline: statistics, verdict, summary.
import type { Baseline } from '../../schemas/baseline.ts';
import type { DriftReport, Statistic } from '../../schemas/drift-report.ts';
import { type Aligned, alignBins, describeBin, groupRareBins, type HistogramBin } from './bins.ts';
import {
  type Chance,
  divergenceByChance,
  jensenShannon,
  populationStabilityIndex,
  stabilityByChance,
} from './divergence.ts';

/** From where on a change matters, whatever chance does. */
interface DriftThresholds {
  /** Population stability index; 0.1 is usually called a small change, 0.25 a large one. */
  readonly psi: number;
  /** Jensen–Shannon divergence in bits, 0–1. */
  readonly jensenShannon: number;
}

export interface Window {
  /** Baselines of one release, one per feature. */
  readonly baseline: readonly Baseline[];
  readonly histogram: readonly HistogramBin[];
  /** A window, or a feature of it, with fewer messages is not judged. */
  readonly samplesMin: number;
  readonly thresholds: DriftThresholds;
}

/** What a drift report says of a window, without its identity and times. */
export type Comparison = Pick<
  DriftReport,
  'samples' | 'baselineSamples' | 'verdict' | 'statistics' | 'summary'
>;

interface Compared {
  readonly baseline: Baseline;
  readonly aligned: Aligned;
  readonly statistics: readonly Statistic[];
}

const movesMax = 3;
/** A share that changed by less is not worth naming. */
const moveMin = 0.01;

/**
 * Compares a window with the baselines of a release, feature by feature. Both statistics are above zero even when
 * nothing drifts, the more so the fewer the messages and the more the bins. So each has to reach its threshold plus
 * what chance gives on average, and never less than what chance gives once in 10,000 windows; rare bins are
 * put together. The threshold in force is in each statistic. Features without enough messages are left out.
 */
export function compareWindow({ baseline, histogram, samplesMin, thresholds }: Window): Comparison {
  const features = baseline.map((feature) => ({ baseline: feature, aligned: alignBins(feature, histogram) }));
  const samples = Math.max(0, ...features.map(({ aligned }) => sum(aligned.actual)));
  const baselineSamples = Math.max(0, ...baseline.map((feature) => feature.samples));
  if (samples === 0 || samples < samplesMin) {
    const summary = `${samples} messages are too few to judge; ${samplesMin} are needed.`;
    return { samples, baselineSamples, verdict: 'too-few-samples', statistics: [], summary };
  }
  const compared = features
    .filter(({ aligned }) => sum(aligned.actual) >= Math.max(1, samplesMin) && sum(aligned.expected) > 0)
    .map((feature) => ({ ...feature, statistics: compare(feature, thresholds) }));
  const statistics = compared.flatMap((feature) => feature.statistics);
  return {
    samples,
    baselineSamples,
    verdict: statistics.some(({ drifted }) => drifted) ? 'drifted' : 'stable',
    statistics,
    summary: summarise(compared, samples),
  };
}

function compare(
  { baseline: { feature }, aligned }: Omit<Compared, 'statistics'>,
  thresholds: DriftThresholds,
): readonly Statistic[] {
  const { expected, actual } = groupRareBins(aligned);
  const samples = { bins: expected.length, expected: sum(expected), actual: sum(actual) };
  const judge = (statistic: string, value: number, matters: number, chance: Chance): Statistic => {
    const threshold = Math.max(matters + chance.mean, chance.rare);
    return { feature, statistic, value, threshold, drifted: value >= threshold, pValue: null };
  };
  return [
    judge('psi', populationStabilityIndex(expected, actual), thresholds.psi, stabilityByChance(samples)),
    judge(
      'jensen-shannon',
      jensenShannon(expected, actual),
      thresholds.jensenShannon,
      divergenceByChance(samples),
    ),
  ];
}

function summarise(compared: readonly Compared[], samples: number): string {
  const excess = ({ statistics }: Compared): number =>
    Math.max(...statistics.map(({ value, threshold }) => value / threshold));
  const ordered = [...compared].sort((a, b) => excess(b) - excess(a));
  const drifted = ordered.filter(({ statistics }) => statistics.some((statistic) => statistic.drifted));
  if (drifted.length > 0) return drifted.map(describeMoves).join('; ');
  const [nearest] = ordered;
  const statistic = nearest?.statistics[0];
  if (statistic === undefined) return `No feature of ${samples} messages has a baseline to compare with.`;
  const { feature, value, threshold } = statistic;
  return `Nothing moved in ${samples} messages; nearest is ${feature}, PSI ${value.toFixed(3)} of ${threshold.toFixed(3)}.`;
}

/** “language: ar 3 % → 31 %, en 64 % → 40 %”: the bins whose share changed most. */
function describeMoves({ baseline, aligned: { names, expected, actual } }: Compared): string {
  const [expectedTotal, actualTotal] = [sum(expected), sum(actual)];
  const moves = names
    .map((name, index) => ({
      name,
      before: (expected[index] as number) / expectedTotal,
      after: (actual[index] as number) / actualTotal,
    }))
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .filter(({ before, after }, place) => place === 0 || Math.abs(after - before) >= moveMin)
    .slice(0, movesMax);
  const described = moves.map(
    ({ name, before, after }) => `${describeBin(baseline, name)} ${percent(before)} → ${percent(after)}`,
  );
  return `${baseline.feature}: ${described.join(', ')}`;
}

/** Whole per cent, one decimal below one. */
const percent = (share: number): string => {
  const value = share * 100;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
};

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
