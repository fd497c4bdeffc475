// Drift’s tables: frozen baselines in, and out again; and what a release saw in a span of time, from the per-minute
// histograms that ClickHouse keeps by itself (infra/clickhouse/0003_drift.sql).
import { createHash } from 'node:crypto';
import type { Baseline } from '../../schemas/baseline.ts';
import type { Clickhouse } from '../clickhouse.ts';
import { RowBuffer } from './row-buffer.ts';
import { serverTime } from './server-clock.ts';

/** How many results of a span of time fell into a bin. */
export interface HistogramBin {
  readonly feature: string;
  readonly bin: string;
  readonly count: number;
}

export interface HistogramSpan {
  readonly release: string;
  /** First instant, in milliseconds since 1970; reaches back to the start of its minute. */
  readonly from: number;
  /** First instant after the span, in milliseconds since 1970; reaches on to the end of its minute. */
  readonly to: number;
}

const columns = ['release', 'feature', 'kind', 'edges', 'bins', 'counts', 'samples'] as const;
const deadlineMs = 60_000;

/** Stores baselines; those that are there already are replaced by themselves. Histograms use them from then on. */
export async function writeBaselines(clickhouse: Clickhouse, baselines: readonly Baseline[]): Promise<void> {
  const rows = new RowBuffer(65_536);
  for (const baseline of baselines) writeRow(rows, baseline);
  const bytes = rows.take();
  await clickhouse.insert({
    table: 'baselines',
    columns,
    rows: bytes,
    rowCount: baselines.length,
    token: `baselines/${createHash('sha256').update(bytes).digest('hex')}`,
    deadline: (await serverTime(clickhouse)) + deadlineMs,
  });
}

/** The baseline of a release, one entry per feature; empty when it has none. */
export async function readBaselines(clickhouse: Clickhouse, release: string): Promise<readonly Baseline[]> {
  return clickhouse.query<Baseline>(
    `SELECT ${columns.join(', ')} FROM baselines FINAL WHERE release = {release:String} ORDER BY feature`,
    { release },
  );
}

/** Releases that answered in a span of whole minutes. */
export async function readReleases(
  clickhouse: Clickhouse,
  { from, to }: Pick<HistogramSpan, 'from' | 'to'>,
): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ release: string }>(
    `SELECT DISTINCT release FROM histograms WHERE ${inSpan} ORDER BY release`,
    { from, to },
  );
  return rows.map(({ release }) => release);
}

/** Bins of a release over whole minutes, every tenant together. */
export async function readHistogram(
  clickhouse: Clickhouse,
  { release, from, to }: HistogramSpan,
): Promise<readonly HistogramBin[]> {
  return clickhouse.query<HistogramBin>(
    `SELECT feature, bin, sum(histograms.count) AS count FROM histograms
     WHERE release = {release:String} AND ${inSpan}
     GROUP BY feature, bin ORDER BY feature, bin`,
    { release, from, to },
  );
}

const inSpan =
  'minute >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64})) AND minute < fromUnixTimestamp64Milli({to:Int64})';

function writeRow(rows: RowBuffer, baseline: Baseline): void {
  rows.text(baseline.release);
  rows.text(baseline.feature);
  rows.text(baseline.kind);
  rows.varint(baseline.edges.length);
  for (const edge of baseline.edges) rows.float64(edge);
  rows.varint(baseline.bins.length);
  for (const bin of baseline.bins) rows.text(bin);
  rows.varint(baseline.counts.length);
  for (const count of baseline.counts) rows.int64(count);
  rows.int64(baseline.samples);
}
