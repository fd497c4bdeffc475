// From rounds to a verdict: ratios to the reference, medians, and whether one fell since they were last stored.

export interface JobResult {
  readonly job: string;
  readonly recordsPerCpuSecond: number;
  readonly recordsPerSecond: number;
  /** Records per CPU second, divided by those of the reference in the same round; the median of the rounds. */
  readonly cpuRatio: number;
  /** The same by wall time. */
  readonly wallRatio: number;
  /** How far the rounds lay apart: (largest − smallest) / median of the CPU ratio. */
  readonly spread: number;
}

export interface Round {
  readonly cpuRatio: number;
  readonly wallRatio: number;
  readonly recordsPerCpuSecond: number;
  readonly recordsPerSecond: number;
}

export function resultOf(job: string, rounds: readonly Round[]): JobResult {
  const ratios = rounds.map(({ cpuRatio }) => cpuRatio);
  const cpuRatio = median(ratios);
  return {
    job,
    recordsPerCpuSecond: Math.round(median(rounds.map((round) => round.recordsPerCpuSecond))),
    recordsPerSecond: Math.round(median(rounds.map((round) => round.recordsPerSecond))),
    cpuRatio: rounded(cpuRatio),
    wallRatio: rounded(median(rounds.map(({ wallRatio }) => wallRatio))),
    spread: rounded((Math.max(...ratios) - Math.min(...ratios)) / cpuRatio),
  };
}

export interface Comparison extends JobResult {
  readonly stored: number | null;
  /** Change of the CPU ratio, as a share of the stored one. */
  readonly change: number | null;
  readonly fell: boolean;
}

/** `fell` where the CPU ratio is below the stored one by more than `tolerance`, a share. */
export function compare(
  results: readonly JobResult[],
  stored: readonly Pick<JobResult, 'job' | 'cpuRatio'>[],
  tolerance: number,
): readonly Comparison[] {
  return results.map((result) => {
    const before = stored.find(({ job }) => job === result.job)?.cpuRatio ?? null;
    const change = before === null ? null : rounded(result.cpuRatio / before - 1);
    return { ...result, stored: before, change, fell: change !== null && change < -tolerance };
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const rounded = (value: number): number => Number(value.toPrecision(4));
