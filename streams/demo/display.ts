// What the demo shows while it plays, and at the end.
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Stack } from '../stack.ts';
import { bar, count, table } from '../terminal.ts';
import type { DemoResult, OnStage } from './demo.ts';
import type { ScoreWatch } from './score-watch.ts';

const barColumns = 30;
const everyMs = 250;
const everyMsWithoutTerminal = 2_000;

type Say = (text: string) => Promise<void>;

/** A progress bar that is redrawn on a terminal, and a line now and then elsewhere. */
export function showProgress(io: CommandIo, say: Say): OnStage {
  const redraws = io.columns !== undefined;
  return ({ name, total }, watch) => {
    const arrivedBefore = watch.arrived;
    const started = performance.now();
    const line = () => {
      const arrived = watch.arrived - arrivedBefore;
      const seconds = (performance.now() - started) / 1_000;
      const share = total === 0 ? 1 : arrived / total;
      return `${name}  ${bar(share, barColumns).padEnd(barColumns)} ${count(arrived)}/${count(total)}  ${count(arrived / seconds)}/s  ${count(watch.underWay)} under way  ${latencies(watch)}`;
    };
    const draw = () => say(redraws ? `\r${line()}\u001b[K` : `${line()}\n`);
    const timer = setInterval(() => void draw().catch(() => {}), redraws ? everyMs : everyMsWithoutTerminal);
    return async () => {
      clearInterval(timer);
      await draw();
      await say(`${redraws ? '\n' : ''}${example(watch)}`);
    };
  };
}

const latencies = (watch: ScoreWatch): string => {
  const [p50, p99] = [watch.latencyMs.at(0.5), watch.latencyMs.at(0.99)];
  return p50 === null || p99 === null ? '' : `p50 ${Math.round(p50)} ms  p99 ${Math.round(p99)} ms`;
};

function example({ latest }: ScoreWatch): string {
  if (!latest) return '';
  const shown = ['messageId', 'language', 'sentiment', 'emotion', 'toxicity', 'toxic', 'intent', 'quality'];
  const parts = shown.filter((name) => latest[name] !== null && latest[name] !== undefined);
  return `  the latest score: ${parts.map((name) => `${name} ${short(latest[name])}`).join(', ')}\n`;
}

const short = (value: unknown): string => (typeof value === 'number' ? value.toPrecision(3) : String(value));

/** A few scored examples, and what the drift job found: reports, alerts and events, as they stand in ClickHouse. */
export async function showEvents({ clickhouse }: Stack): Promise<string> {
  const examples = await clickhouse.query(
    `SELECT substringUTF8(comments.text, 1, 48) AS text, language, sentiment, emotion, round(toxicity, 2) AS toxicity
     FROM scores INNER JOIN comments ON comments.id = scores.messageId
     WHERE kind = 'comment' ORDER BY cityHash64(scores.messageId) LIMIT 5`,
  );
  const reports = await clickhouse.query(
    `SELECT formatDateTime(windowStart, '%H:%i') AS from, formatDateTime(windowEnd, '%H:%i') AS to, release, kind, samples, verdict, substringUTF8(summary, 1, 56) AS summary
     FROM drift_reports ORDER BY windowEnd, release, kind LIMIT 20`,
  );
  const alerts = await clickhouse.query(
    'SELECT severity, rule, state FROM alerts ORDER BY eventTime, rule LIMIT 10',
  );
  const events = await clickhouse.query(
    "SELECT event, release, evidence['cause'] AS cause, substring(evidence['reports'], 1, 12) AS report FROM model_events ORDER BY eventTime, release LIMIT 10",
  );
  return [
    `\nA few scores\n${table(examples)}`,
    `\nDrift reports: the samples’ window, then the shifted minute\n${table(reports)}`,
    `\nAlerts\n${table(alerts)}`,
    `\nModel events\n${table(events)}`,
  ].join('');
}

export function showSummary(result: DemoResult, { dataDirectory }: Configuration): string {
  const { counts, published, seconds, latencyMs, models } = result;
  const speed =
    published > 0
      ? `${count(published / seconds)} messages/s, score after ${Math.round(latencyMs.p50!)} ms (p50), ${Math.round(latencyMs.p99!)} ms (p99)`
      : 'all samples were there already';
  return `
${count(counts.comments)} comments and ${count(counts.prompts)} prompts → ${count(counts.scores)} scores from ${count(counts.predictions)} predictions in ${dataDirectory}
${count(counts.deadLetters)} dead letters, ${counts.lost} lost, ${counts.duplicates} twice
${speed}
models: ${models.join(', ')}
`;
}

export function summaryJson({ counts, published, seconds, latencyMs, models }: DemoResult) {
  return {
    ...counts,
    seconds: Math.round(seconds * 1_000) / 1_000,
    recordsPerSecond: published > 0 ? Math.round(published / seconds) : 0,
    latencyMs,
    models,
  };
}
