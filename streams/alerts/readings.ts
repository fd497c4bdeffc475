// Signals that ClickHouse knows: each one number over a span of time, with what it rests on. Times are of the log.
import { readReleases } from '../../connectors/clickhouse/histograms.ts';
import { readAccuracy } from '../../connectors/clickhouse/labels.ts';
import type { Observation, Rule } from '../../processors/alerts/rule.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Stack } from '../stack.ts';

export interface Span {
  /** First instant, and first instant after it, ms since 1970. */
  readonly from: number;
  readonly to: number;
}

type Ports = Pick<Stack, 'clickhouse' | 'configuration'>;

/** What a signal is before the rule’s least number of samples is asked for. */
interface Reading extends Omit<Observation, 'value'> {
  readonly value: number;
  readonly samples: number;
}

// The partitions are of ingestTime: what came into the log within the span was taken in before its end.
const taken =
  '_time >= fromUnixTimestamp64Milli({from:Int64}) AND _time < fromUnixTimestamp64Milli({to:Int64})';
// Nobody waits longer than a day for a score; it spares the rest of the table.
const recent = 'ingestTime >= fromUnixTimestamp64Milli({from:Int64} - 86400000)';

const percent = (share: number): string => `${Math.round(share * 10_000) / 100} %`;
const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Signals by name; those of ClickHouse alone. Throw what ClickHouse throws. */
export const readings = {
  'error-rate': readErrorRate,
  latency: readLatency,
  'data-quality': readQuality,
  accuracy: readAccuracies,
  sql: readStatement,
} as const;

/** A reading as the rule sees it: too few samples are no data. */
export const observationOf =
  ({ samplesMin }: Rule) =>
  ({ samples, value, ...seen }: Reading): Observation => {
    const evidence = { ...seen.evidence, samples: String(samples) };
    if (samples >= samplesMin) return { ...seen, value, evidence };
    return { ...seen, value: null, says: `too few samples (${samples})`, evidence };
  };

/** Share of the messages that a stage refused. */
async function readErrorRate({ clickhouse }: Ports, _rule: Rule, span: Span): Promise<readonly Reading[]> {
  const [row] = await clickhouse.query<{ refused: number; done: number; codes: readonly string[] }>(
    `SELECT toUInt32(uniqExact(fromTopic, fromPartition, fromOffset)) AS refused, topK(3)(code) AS codes,
       (SELECT toUInt32(count()) FROM scores WHERE ${taken} AND ${recent}) AS done
     FROM dead_letters WHERE ${taken} AND stage NOT LIKE 'notify-%'`,
    { ...span },
  );
  const { refused = 0, done = 0, codes = [] } = row ?? {};
  const samples = refused + done;
  const value = samples === 0 ? 0 : refused / samples;
  const says = `${percent(value)} of ${samples} messages were refused`;
  return [
    { series: '', value, samples, says, evidence: { refused: String(refused), codes: codes.join(', ') } },
  ];
}

/** 95th percentile of the milliseconds from the log’s acceptance of a message to that of its score. */
async function readLatency({ clickhouse }: Ports, _rule: Rule, span: Span): Promise<readonly Reading[]> {
  const [row] = await clickhouse.query<{ p50: number; p95: number; samples: number }>(
    `SELECT quantiles(0.5, 0.95)(greatest(0, dateDiff('millisecond', ingestTime, _time))) AS found,
       found[1] AS p50, found[2] AS p95, toUInt32(count()) AS samples
     FROM scores WHERE ${taken} AND ${recent}`,
    { ...span },
  );
  const { p50, p95, samples } = row ?? { p50: 0, p95: 0, samples: 0 };
  if (samples === 0) return [nothing];
  const says = `p95 from message to score is ${Math.round(p95)} ms`;
  return [{ series: '', value: Math.round(p95), samples, says, evidence: { p50: String(Math.round(p50)) } }];
}

/** Share of the messages with a text too short to say anything, or in no language that is known, or refused. */
async function readQuality({ clickhouse }: Ports, _rule: Rule, span: Span): Promise<readonly Reading[]> {
  const [row] = await clickhouse.query<Record<'samples' | 'short' | 'unknown' | 'poor' | 'refused', number>>(
    `SELECT toUInt32(count()) AS samples, toUInt32(countIf(textLength < 3)) AS short,
       toUInt32(countIf(language IN ('und', ''))) AS unknown,
       toUInt32(countIf(textLength < 3 OR language IN ('und', ''))) AS poor,
       (SELECT toUInt32(uniqExact(fromTopic, fromPartition, fromOffset)) FROM dead_letters
        WHERE ${taken} AND fromTopic IN ('comments', 'prompts')) AS refused
     FROM predictions WHERE ${taken} AND ${recent}`,
    { ...span },
  );
  const { samples: read = 0, short = 0, unknown = 0, poor = 0, refused = 0 } = row ?? {};
  const samples = read + refused;
  const value = samples === 0 ? 0 : (poor + refused) / samples;
  const says = `${percent(value)} of ${samples} messages are poor`;
  const parts = { short, unknownLanguage: unknown, refused };
  const evidence = Object.fromEntries(Object.entries(parts).map(([name, count]) => [name, String(count)]));
  return [{ series: '', value, samples, says, evidence }];
}

/** Share of right answers among those of the span that have a label by now, release by release. */
async function readAccuracies(
  { clickhouse }: Ports,
  { task }: Rule,
  span: Span,
): Promise<readonly Reading[]> {
  const releases = task === null ? await readReleases(clickhouse, span) : [];
  const tasks = task === null ? new Set(releases.map((release) => release.split('@')[0] ?? '')) : [task];
  const found: Reading[] = [];
  for (const each of tasks)
    for (const { release, labelled, correct } of await readAccuracy(clickhouse, { task: each, ...span })) {
      const value = Number(labelled) === 0 ? 0 : Number(correct) / Number(labelled);
      const says = `${percent(value)} of ${labelled} labelled answers are right`;
      const evidence = { release, correct: String(correct) };
      found.push({ series: release, value, samples: Number(labelled), says, evidence });
    }
  return found;
}

/** What a statement of the operator’s answers: one number, or rows of a name and a number. */
async function readStatement(
  { clickhouse, configuration }: Ports,
  rule: Rule,
  span: Span,
): Promise<readonly Reading[]> {
  const sql = (rule.sql ?? '').replaceAll('{from}', String(span.from)).replaceAll('{to}', String(span.to));
  const answer = await clickhouse.readOnly(sql, 'JSONCompact', configuration.sql);
  const { data } = JSON.parse(answer.toString('utf8')) as { readonly data: readonly (readonly unknown[])[] };
  return data.map((row) => {
    const [series, given] = row.length === 1 ? ['', row[0]] : [String(row[0]), row[1]];
    const value = given === null ? Number.NaN : Number(given);
    if (given !== null && Number.isNaN(value)) throw noNumber(rule, given);
    // Nothing is what ClickHouse says of an average of no rows.
    const samples = given === null ? 0 : rule.samplesMin;
    return {
      series,
      value: given === null ? 0 : value,
      samples,
      says: `${rule.name} is ${round(value)}`,
      evidence: {},
    };
  });
}

const noNumber = ({ name }: Rule, given: unknown): Misconfigured =>
  new Misconfigured(
    `the statement of alert rule ${name} gives ${JSON.stringify(given)}, which is no number`,
    {
      code: 'alert-rule',
      fix: 'Select one number, or rows of a name and a number.',
    },
  );

const nothing: Reading = { series: '', value: 0, samples: 0, says: 'nothing was scored', evidence: {} };
