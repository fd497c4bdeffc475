// Messages from the parts of the traffic that moved. What is read is bounded, however many messages a window has.
import { featureAt } from '../../schemas/features.ts';
import { quoteName } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';
import type { HistogramSpan } from './histograms.ts';

/** A bin, as histograms name it. */
export interface ExampleBin {
  readonly feature: string;
  readonly name: string;
  /** Inner edges of the feature; empty where it has no order. */
  readonly edges: readonly number[];
}

export interface Example {
  readonly messageId: string;
  readonly tenant: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly eventTime: number;
  readonly text: string;
}

/** Rows that are looked through for the examples of one bin; what is rarer among them is not shown. */
const rowsMax = 100_000;

/** Ids of at most `limit` messages of a bin. */
export async function readExampleIds(
  clickhouse: Clickhouse,
  { from, to, release, kind, tenant }: HistogramSpan,
  { feature, name, edges }: ExampleBin,
  limit: number,
): Promise<readonly string[]> {
  const isText = Object.hasOwn(featureAt, feature);
  const index = Number(name);
  const [low, high] = [edges[index - 1], edges[index]];
  const rows = await clickhouse.query<{ messageId: string }>(
    `SELECT messageId FROM ${isText ? 'features' : 'predictions'}
     WHERE eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})
       ${kind ? 'AND kind = {kind:String}' : ''} ${tenant === undefined ? '' : 'AND tenant = {tenant:String}'}
       AND ${isText ? betweenEdges(quoteName(feature)) : conditionOf(feature)}
     LIMIT {limit:UInt32}
     SETTINGS max_rows_to_read = ${rowsMax}, read_overflow_mode = 'break', max_threads = 1`,
    {
      ...{ from, to, release, limit, kind: kind ?? '', tenant: tenant ?? '', name },
      ...{ low: low ?? -boundless, high: high ?? boundless },
    },
  );
  return rows.map(({ messageId }) => messageId);
}

/** Beyond every value: no feature is that large. */
const boundless = Number.MAX_SAFE_INTEGER;

const betweenEdges = (value: string): string => `${value} >= {low:Float64} AND ${value} < {high:Float64}`;

function conditionOf(feature: string): string {
  const said = 'has(`results.release`, {release:String})';
  if (feature === 'language') return `language = {name:String} AND ${said}`;
  if (feature === 'length') return `${betweenEdges('textLength')} AND ${said}`;
  const [column, condition] =
    feature === 'label'
      ? ['results.label', 'value = {name:String}']
      : ['results.confidence', betweenEdges('value')];
  return `arrayExists((release, value) -> release = {release:String} AND ${condition}, \`results.release\`, \`${column}\`)`;
}

/** The messages of some ids that happened in a span, with their texts as they were written; the earliest first. */
export async function readExamples(
  clickhouse: Clickhouse,
  { from, to, ids }: { readonly from: number; readonly to: number; readonly ids: readonly string[] },
): Promise<readonly Example[]> {
  if (ids.length === 0) return [];
  const of = (table: string, kind: string) =>
    `SELECT id AS messageId, tenant, '${kind}' AS kind, toUnixTimestamp64Milli(any(${table}.eventTime)) AS at, any(text) AS text
     FROM ${table}
     WHERE eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})
       AND id IN {ids:Array(String)}
     GROUP BY id, tenant`;
  return clickhouse.query<Example>(
    `SELECT messageId, tenant, kind, at AS eventTime, text
     FROM (${of('comments', 'comment')} UNION ALL ${of('prompts', 'prompt')}) ORDER BY at, messageId`,
    { from, to, ids },
  );
}
