// Drift reports as ClickHouse holds them, for people: one, the newest, or all of a span.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { DriftReport, Slice, Statistic } from '../../schemas/drift-report.ts';
import { Misconfigured } from '../../schemas/errors.ts';

export interface ReportFilter {
  readonly release?: string;
  readonly task?: string;
  readonly job?: string;
  readonly kind?: string;
  readonly tenant?: string;
  /** Windows that end at or after this instant, and at or before that one: ms since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly driftedOnly?: boolean;
  /** The first characters of an id. */
  readonly id?: string;
}

interface Row extends Omit<DriftReport, 'statistics' | 'slices'> {
  readonly statistics: readonly (readonly [string, string, number, number, boolean, number | null])[];
  readonly slices: readonly (readonly [string, string, number, number])[];
}

/** Reports by the end of their windows, the newest first; a report that a crash published twice is there once. */
export async function readReports(
  clickhouse: Clickhouse,
  filter: ReportFilter,
  limit: number,
): Promise<readonly DriftReport[]> {
  const rows = await clickhouse.query<Row>(
    `SELECT id, tenant, source, traceparent, job, release, kind, samples, baselineSamples, verdict, dataScore,
       predictionScore, expectedAccuracy, accuracy, labelled, examples, recommendations, summary,
       toUnixTimestamp64Milli(drift_reports.eventTime) AS eventTime,
       toUnixTimestamp64Milli(drift_reports.ingestTime) AS ingestTime,
       toUnixTimestamp64Milli(drift_reports.windowStart) AS windowStart,
       toUnixTimestamp64Milli(drift_reports.windowEnd) AS windowEnd,
       arrayZip(statistics.feature, statistics.statistic, statistics.value, statistics.threshold, statistics.drifted,
         statistics.pValue) AS statistics,
       arrayZip(slices.feature, slices.bin, slices.before, slices.after) AS slices
     FROM drift_reports WHERE ${conditionsOf(filter)}
     ORDER BY drift_reports.windowEnd DESC, release, kind, id LIMIT 1 BY id LIMIT {limit:UInt32}`,
    { ...filter, limit },
  );
  return rows.map((row) => ({
    ...row,
    statistics: row.statistics.map(statisticOf),
    slices: row.slices.map(([feature, bin, before, after]): Slice => ({ feature, bin, before, after })),
  }));
}

const statisticOf = ([
  feature,
  statistic,
  value,
  threshold,
  drifted,
  pValue,
]: Row['statistics'][number]): Statistic => ({
  feature,
  statistic,
  value,
  threshold,
  drifted: Boolean(drifted),
  pValue,
});

function conditionsOf(filter: ReportFilter): string {
  const { since, until, driftedOnly, id, task, ...same } = filter;
  const conditions = Object.entries(same)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `${name} = {${name}:String}`);
  if (task !== undefined) conditions.push("startsWith(release, concat({task:String}, '@'))");
  if (since !== undefined)
    conditions.push('drift_reports.windowEnd >= fromUnixTimestamp64Milli({since:Int64})');
  if (until !== undefined)
    conditions.push('drift_reports.windowEnd <= fromUnixTimestamp64Milli({until:Int64})');
  if (driftedOnly) conditions.push("verdict = 'drifted'");
  if (id !== undefined) conditions.push('startsWith(id, {id:String})');
  return conditions.length === 0 ? '1' : conditions.join(' AND ');
}

const idLengthMin = 6;

/** The one report whose id begins so. Throws `Misconfigured`: `unknown-report`, `ambiguous-report`, `bad-argument`. */
export async function reportNamed(clickhouse: Clickhouse, id: string): Promise<DriftReport> {
  if (id.length < idLengthMin)
    throw new Misconfigured(`"${id}" is too short for an id`, {
      code: 'bad-argument',
      fix: `Give at least the first ${idLengthMin} characters. \`millrace drift list\` prints ids.`,
    });
  const [only, ...others] = await readReports(clickhouse, { id }, 10);
  if (!only)
    throw new Misconfigured(`there is no drift report ${id}`, {
      code: 'unknown-report',
      fix: '`millrace drift list` prints ids.',
    });
  if (others.length > 0)
    throw new Misconfigured(`several drift reports begin with ${id}`, {
      code: 'ambiguous-report',
      fix: `Give more of the id: ${[only, ...others].map((report) => report.id).join(', ')}.`,
    });
  return only;
}
