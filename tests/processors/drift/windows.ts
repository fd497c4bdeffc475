// Baselines and histograms of windows, for tests.
import type { HistogramBin } from '../../../processors/drift/bins.ts';
import type { Baseline } from '../../../schemas/baseline.ts';

export const samplesMin = 500;

export const usual = { samplesMin, thresholds: {} };

export const sizes = { ...usual, statistics: ['psi', 'jensen-shannon'] as const, predictionThreshold: 2 };

export const histogramOf = (feature: string, counts: Readonly<Record<string, number>>): HistogramBin[] =>
  Object.entries(counts).map(([bin, count]) => ({ feature, bin, count }));

export const categorical = (feature: string, counts: Readonly<Record<string, number>>): Baseline => ({
  ...{ release: 'language@1.0.0', feature, kind: 'categorical', edges: [], bins: Object.keys(counts) },
  counts: Object.values(counts),
  samples: Object.values(counts).reduce((sum, count) => sum + count, 0),
});

export const ordered = (feature: string, counts: readonly number[]): Baseline => ({
  ...{ release: 'toxicity@1.0.0', feature, kind: 'numeric', edges: counts.slice(1).map((_, at) => at + 1) },
  ...{
    bins: counts.map((_, at) => String(at)),
    counts,
    samples: counts.reduce((all, count) => all + count, 0),
  },
});

export const countsOf = (feature: string, counts: readonly number[]): HistogramBin[] =>
  counts.map((count, at) => ({ feature, bin: String(at), count }));
