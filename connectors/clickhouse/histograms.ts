// Drift’s tables: frozen baselines in, out again and renewed; and what was answered and written in a span of time, from
// the counts per minute that ClickHouse keeps by itself (infra/clickhouse/0007_drift_histograms.sql).
import { createHash } from 'node:crypto';
import type { Baseline } from '../../schemas/baseline.ts';
import type { Kind } from '../../schemas/features.ts';
import type { Clickhouse } from '../clickhouse.ts';
import { RowBuffer } from './row-buffer.ts';
import { serverTime } from './server-clock.ts';

/** How many results, or texts, of a span of time fell into a bin. */
export interface HistogramBin {
  readonly feature: string;
  readonly bin: string;
  readonly count: number;
}

/** Whole minutes, in milliseconds since 1970. */
export interface Minutes {
  /** First instant; reaches back to the start of its minute. */
  readonly from: number;
  /** First instant after it; reaches on to the end of its minute. */
  readonly to: number;
}

export interface HistogramSpan extends Minutes {
  readonly release: string;
  /** `comment` or `prompt`; '' for counts from before kinds were kept apart; absent: every kind together. */
  readonly kind?: string;
  /** Absent: every tenant together. */
  readonly tenant?: string;
  /** Adds the features of the texts, which are of no release. */
  readonly withTexts?: boolean;
}

/** A release that answered messages of a kind. */
export interface Answering {
  readonly release: string;
  /** '' for answers from before kinds were kept apart. */
  readonly kind: string;
  readonly tenant: string;
}

/** Releases that answered in a span of whole minutes. */
export async function readReleases(
  clickhouse: Clickhouse,
  { from, to }: Minutes,
): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ release: string }>(
    `SELECT DISTINCT release FROM histograms WHERE release != '' AND ${inMinutes} ORDER BY release`,
    { from, to },
  );
  return rows.map(({ release }) => release);
}

/** Which releases answered in a span, which kinds of messages, of which tenants. */
export async function readAnswering(
  clickhouse: Clickhouse,
  { from, to }: Minutes,
): Promise<readonly Answering[]> {
  return clickhouse.query<Answering>(
    `SELECT DISTINCT release, kind, tenant FROM histograms
     WHERE release != '' AND feature = 'label' AND ${inMinutes} ORDER BY release, kind, tenant`,
    { from, to },
  );
}

/** Counts of a release over whole minutes. */
export async function readHistogram(
  clickhouse: Clickhouse,
  span: HistogramSpan,
): Promise<readonly HistogramBin[]> {
  return clickhouse.query<HistogramBin>(
    `SELECT feature, bin, sum(histograms.count) AS count FROM histograms
     WHERE ${releaseIn(span)} AND ${inMinutes}${within(span)}
     GROUP BY feature, bin ORDER BY feature, bin`,
    parametersOf(span),
  );
}

export const inMinutes =
  'minute >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64})) AND minute < fromUnixTimestamp64Milli({to:Int64})';

const releaseIn = ({ withTexts }: HistogramSpan): string =>
  withTexts ? "release IN ({release:String}, '')" : 'release = {release:String}';

export const within = ({ kind, tenant }: HistogramSpan): string =>
  `${kind === undefined ? '' : ' AND kind = {kind:String}'}${tenant === undefined ? '' : ' AND tenant = {tenant:String}'}`;

export const parametersOf = ({ withTexts: _, ...span }: HistogramSpan) => ({ ...span });

const columns = [
  'release',
  'feature',
  'messages',
  'frozenAt',
  'kind',
  'edges',
  'bins',
  'counts',
  'samples',
] as const;
const deadlineMs = 60_000;

/** The instant that the baselines a release came with are from, as far as ClickHouse is concerned. */
const atRelease = 0;

/** Stores baselines; those that are there already are replaced by themselves. Histograms use them from then on. */
export async function writeBaselines(clickhouse: Clickhouse, baselines: readonly Baseline[]): Promise<void> {
  await insertBaselines(clickhouse, baselines, atRelease);
}

/** The newest baselines of a release, one per feature and kind of message; empty when it has none. */
export async function readBaselines(clickhouse: Clickhouse, release: string): Promise<readonly Baseline[]> {
  const rows = await clickhouse.query<Omit<Baseline, 'messages'> & { readonly messages: Kind | '' }>(
    `SELECT release, feature, messages, kind, edges, bins, counts, samples FROM baselines FINAL
     WHERE release = {release:String} ORDER BY feature, messages, frozenAt DESC LIMIT 1 BY feature, messages`,
    { release },
  );
  return rows.map(({ messages, ...baseline }) => (messages === '' ? baseline : { ...baseline, messages }));
}

/**
 * Counts a release’s baselines anew from what it saw in a span of time: same edges, same bins, and behind them the
 * values that had no bin of their own before. What was frozen before stays in the table. Features that fewer than
 * `samplesMin` messages were counted for keep what they have. Resolves to the names of the renewed features. Renewing
 * twice from one span is renewing once.
 */
export async function renewBaseline(
  clickhouse: Clickhouse,
  {
    release,
    from,
    to,
    samplesMin = 500,
  }: Minutes & { readonly release: string; readonly samplesMin?: number },
): Promise<readonly string[]> {
  const renewed: Baseline[] = [];
  const histograms = new Map<string | undefined, readonly HistogramBin[]>();
  for (const baseline of await readBaselines(clickhouse, release)) {
    const { messages } = baseline;
    const span = {
      release,
      from,
      to,
      withTexts: true,
      ...(messages === undefined ? {} : { kind: messages }),
    };
    if (!histograms.has(messages)) histograms.set(messages, await readHistogram(clickhouse, span));
    const counted = countedAnew(baseline, histograms.get(messages) ?? []);
    if (counted.samples >= samplesMin) renewed.push(counted);
  }
  if (renewed.length > 0) await insertBaselines(clickhouse, renewed, to);
  return [...new Set(renewed.map(({ feature }) => feature))];
}

function countedAnew(baseline: Baseline, histogram: readonly HistogramBin[]): Baseline {
  const seen = new Map(
    histogram.filter(({ feature }) => feature === baseline.feature).map(({ bin, count }) => [bin, count]),
  );
  const samples = [...seen.values()].reduce((sum, count) => sum + count, 0);
  const found = baseline.kind === 'categorical' ? [...seen.keys()].filter((bin) => bin !== 'missing') : [];
  const bins = [...new Set([...baseline.bins, ...found])];
  return { ...baseline, bins, counts: bins.map((bin) => seen.get(bin) ?? 0), samples };
}

async function insertBaselines(
  clickhouse: Clickhouse,
  baselines: readonly Baseline[],
  frozenAt: number,
): Promise<void> {
  const rows = new RowBuffer(65_536);
  for (const baseline of baselines) writeRow(rows, baseline, frozenAt);
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

function writeRow(rows: RowBuffer, baseline: Baseline, frozenAt: number): void {
  rows.text(baseline.release);
  rows.text(baseline.feature);
  rows.text(baseline.messages ?? '');
  rows.int64(frozenAt);
  rows.text(baseline.kind);
  rows.varint(baseline.edges.length);
  for (const edge of baseline.edges) rows.float64(edge);
  rows.varint(baseline.bins.length);
  for (const bin of baseline.bins) rows.text(bin);
  rows.varint(baseline.counts.length);
  for (const count of baseline.counts) rows.int64(count);
  rows.int64(baseline.samples);
}
