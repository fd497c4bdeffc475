// How numbers are spread: quantiles and a histogram.

export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
  readonly least: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly most: number;
  /** Equal steps from the least to the 99th percentile; the last bin holds all above. */
  readonly histogram: readonly { readonly from: number; readonly count: number }[];
}

const binsMax = 30;

/** Quantiles are values that occur (nearest rank). Zeros for no values. */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const { length } = sorted;
  const at = (share: number) => sorted[Math.min(length - 1, Math.max(0, Math.ceil(share * length) - 1))] ?? 0;
  const mean = length === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / length;
  const variance = length === 0 ? 0 : sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
  return {
    count: length,
    mean,
    deviation: Math.sqrt(variance),
    least: at(0),
    p5: at(0.05),
    median: at(0.5),
    p95: at(0.95),
    most: at(1),
    histogram: histogramOf(sorted, at(0), at(0.99)),
  };
}

function histogramOf(sorted: Float64Array, least: number, most: number): Distribution['histogram'] {
  if (sorted.length === 0) return [];
  const isWhole = sorted.every(Number.isInteger);
  const exact = (most - least + (isWhole ? 1 : 0)) / binsMax;
  const width = (isWhole ? Math.max(1, Math.ceil(exact)) : exact) || 1;
  const bins = Math.max(1, Math.min(binsMax, Math.floor((most - least) / width) + 1));
  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) counts[Math.min(bins - 1, Math.floor((value - least) / width))]! += 1;
  return counts.map((count, bin) => ({ from: Number((least + bin * width).toPrecision(6)), count }));
}
