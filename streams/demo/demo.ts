// The demo's acts: samples, drift over them (none), a minute of shifted traffic, drift over it, the count.
import { setTimeout as sleep } from 'node:timers/promises';
import { examineWindow, type Span } from '../drift.ts';
import { totalLag } from '../lag.ts';
import { openLedger } from '../model-ledger.ts';
import { askWhereDue } from '../retraining/triggers.ts';
import type { Stack } from '../stack.ts';
import { play } from './playback.ts';
import { loadSamples, readEarlier, shiftTimeFrom, spans } from './samples.ts';
import { ScoreWatch } from './score-watch.ts';
import { type Counts, verify } from './verification.ts';

export interface DemoResult {
  readonly counts: Counts;
  /** Samples this start published; the others were there already. */
  readonly published: number;
  /** From the first sample to the last score, without the drift examinations. */
  readonly seconds: number;
  /** From a sample’s acceptance in the log to its score there; null when nothing was published. */
  readonly latencyMs: {
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
  readonly models: readonly string[];
}

/** What the demo does at the moment, for showing. */
export interface DemoStage {
  readonly name: string;
  readonly total: number;
}
export type OnStage = (stage: DemoStage, watch: ScoreWatch) => () => Promise<void>;

export async function playDemo(stack: Stack, onStage: OnStage, signal: AbortSignal): Promise<DemoResult> {
  const samples = await loadSamples();
  const earlier = await readEarlier(stack, samples);
  const shiftTime = earlier.shiftTime ?? shiftTimeFrom(stack.now());
  const watch = await ScoreWatch.start(stack);
  const playback = { stack, samples, watch, shiftTime, signal };
  const due = (shifted: boolean) =>
    samples.all.filter(({ id, set }) => (set === 'shifted') === shifted && !earlier.ids.has(id)).length;
  const { unshifted, shifted } = spans(shiftTime);
  let seconds = 0;
  let published = 0;
  const act = async (name: string, sets: Parameters<typeof play>[1], total: number, span: Span) => {
    const ended = onStage({ name, total }, watch);
    const started = performance.now();
    published += await play(playback, sets, earlier.ids);
    seconds += (performance.now() - started) / 1_000;
    await ended();
    await stored(stack, signal);
    if (!signal.aborted) await examineOnce(stack, span);
  };
  try {
    await act('samples', ['comments', 'prompts'], due(false), unshifted);
    await act('a minute of shifted traffic', ['shifted'], due(true), shifted);
    await stored(stack, signal);
    await followUp(stack, signal);
  } finally {
    await watch.stop();
  }
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => watch.latencyMs.at(share)) as [
    number | null,
    number | null,
    number | null,
  ];
  return {
    counts: await verify(stack, samples.ids),
    published,
    seconds,
    latencyMs: { p50, p95, p99 },
    models: await answered(stack),
  };
}

/** Resolves when every group has read all there is, so that ClickHouse holds all there is. */
async function stored({ log }: Stack, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await totalLag(log)) > 0) await sleep(20);
}

/** A window that a start before this one has examined is not examined again. */
async function examineOnce(stack: Stack, span: Span): Promise<void> {
  const [row] = await stack.clickhouse.query<{ reports: number }>(
    'SELECT toUInt32(count()) AS reports FROM drift_reports WHERE windowEnd = fromUnixTimestamp64Milli({to:Int64})',
    { to: span.to },
  );
  if (row!.reports === 0) await examineWindow(stack, span);
}

/** Longest wait for what follows the reports: it is only shown. */
const followUpMs = 5_000;

/** Asks for retraining now instead of within the next minute, and waits for the alerts. */
async function followUp(stack: Stack, signal: AbortSignal): Promise<void> {
  const { streams } = stack.configuration;
  if (streams.includes('trainer')) {
    const ledger = await openLedger(stack);
    await askWhereDue(stack, ledger, stack.now()).finally(() => ledger.close());
  }
  const deadline = performance.now() + followUpMs;
  while (!signal.aborted && performance.now() < deadline) {
    await stored(stack, signal);
    if (!streams.includes('alerts') || (await unalerted(stack)) === 0) return;
    await sleep(50);
  }
}

/** Releases that drifted without an alert. */
async function unalerted({ clickhouse }: Stack): Promise<number> {
  const [row] = await clickhouse.query<{ releases: number }>(
    `SELECT toUInt32(uniq(release)) AS releases FROM drift_reports
     WHERE verdict = 'drifted' AND concat('drift/', release) NOT IN (SELECT rule FROM alerts)`,
  );
  return row!.releases;
}

async function answered({ clickhouse }: Stack): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ release: string }>(
    'SELECT DISTINCT arrayJoin(releases) AS release FROM scores ORDER BY release',
  );
  return rows.map(({ release }) => release);
}
