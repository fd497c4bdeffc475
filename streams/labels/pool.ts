// The pool that is chosen from: unlabelled messages of a recent span with their texts, read from ClickHouse in one go.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { Candidate } from '../../processors/labels/selection.ts';
import type { Slice } from '../../schemas/drift-report.ts';

export interface PoolMessage extends Candidate {
  readonly messageId: string;
  readonly tenant: string;
  readonly kind: 'comment' | 'prompt';
  /** Release that served. */
  readonly release: string;
  readonly eventTime: number;
}

export interface PoolQuery {
  readonly task: string;
  /** All tenants where null. */
  readonly tenant: string | null;
  /** Messages that came in since; ms since 1970. */
  readonly since: number;
  readonly max: number;
}

type Queries = Pick<Clickhouse, 'query'>;

/** Where the traffic moved, in what predictions say of a message; spans are [from, to). */
export interface Region {
  readonly labels: readonly string[];
  readonly languages: readonly string[];
  readonly lengths: readonly Span[];
  readonly confidences: readonly Span[];
  /** Ids of messages that lie in it. */
  readonly examples: readonly string[];
}

type Span = readonly [from: number, to: number];

/** How much likelier disputed and drifted messages are to come into the pool. */
const preference = 16;
/** Reports of windows that ended within an hour of the newest belong to one moment. */
const reportSpread = 'INTERVAL 1 HOUR';
const endless = 1e9;
const knownMax = 100;

/** At most `max` messages without feedback about the task, in an order that only their ids decide. Throws `Retryable`. */
export async function readPool(clickhouse: Queries, query: PoolQuery): Promise<readonly PoolMessage[]> {
  const region = await readRegion(clickhouse, query.task);
  return clickhouse.query<PoolMessage>(poolSql(query.tenant !== null), {
    ...query,
    tenant: query.tenant ?? '',
    ...region,
    lengthsFrom: region.lengths.map(([from]) => from),
    lengthsTo: region.lengths.map(([, to]) => to),
    confidencesFrom: region.confidences.map(([from]) => from),
    confidencesTo: region.confidences.map(([, to]) => to),
  });
}

/** What the newest drift reports of the task’s releases say has moved; nothing where they say that nothing has. */
async function readRegion(clickhouse: Queries, task: string): Promise<Region> {
  const reports = await clickhouse.query<{ slices: readonly SliceTuple[]; examples: readonly string[] }>(
    `SELECT arrayZip(\`slices.feature\`, \`slices.bin\`, \`slices.before\`, \`slices.after\`) AS slices, examples
     FROM drift_reports
     WHERE startsWith(release, concat({task:String}, '@')) AND verdict = 'drifted'
       AND windowEnd > (
         SELECT max(windowEnd) - ${reportSpread} FROM drift_reports WHERE startsWith(release, concat({task:String}, '@'))
       )`,
    { task },
  );
  const slices = reports.flatMap((report) =>
    report.slices.map(([feature, bin, before, after]) => ({ feature, bin, before, after })),
  );
  return regionOf(slices, [...new Set(reports.flatMap(({ examples }) => examples))]);
}

type SliceTuple = readonly [feature: string, bin: string, before: number, after: number];

/** The slices that grew, by what predictions know of a message; those of other features are left to the examples. */
export function regionOf(slices: readonly Slice[], examples: readonly string[] = []): Region {
  const grown = slices.filter(({ before, after }) => after > before);
  const binsOf = (name: string) => grown.filter(({ feature }) => feature === name).map(({ bin }) => bin);
  const spansOf = (name: string) => binsOf(name).flatMap((bin) => spanOf(bin) ?? []);
  return {
    labels: binsOf('label'),
    languages: binsOf('language'),
    lengths: spansOf('length'),
    confidences: spansOf('confidence'),
    examples,
  };
}

/** The span that `below 10`, `10 to 20` or `20 or more` names, in a list; null for other words. */
function spanOf(words: string): readonly Span[] | null {
  const [, below, from, to, atLeast] =
    /^(?:below (\S+)|(\S+) to (\S+)|(\S+) or more)$/.exec(words)?.map((part) => part as string | undefined) ??
    [];
  const span = [Number(from ?? atLeast ?? -endless), Number(below ?? to ?? endless)] as const;
  if (below === undefined && from === undefined && atLeast === undefined) return null;
  return span.some(Number.isNaN) ? null : [span];
}

/** Texts of messages that somebody spoke about lately. Throws `Retryable`. */
export async function readKnownTexts(
  clickhouse: Queries,
  query: Pick<PoolQuery, 'task' | 'since'>,
): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ text: string }>(
    `WITH pool AS (
       SELECT messageId FROM feedback
       WHERE task = {task:String} AND ingestTime >= fromUnixTimestamp64Milli({since:Int64})
       ORDER BY ingestTime DESC LIMIT ${knownMax}
     )
     SELECT text FROM (${textsSql}) ORDER BY messageId`,
    query,
  );
  return rows.map(({ text }) => text);
}

const within = (value: string, spans: string): string =>
  `arrayExists((low, high) -> ${value} >= low AND ${value} < high, {${spans}From:Array(Float64)}, {${spans}To:Array(Float64)})`;

const textsSql = ['comments', 'prompts']
  .map(
    (
      table,
    ) => `SELECT tenant, id AS messageId, '${table.slice(0, -1)}' AS kind, any(text) AS text FROM ${table}
    WHERE ingestTime >= fromUnixTimestamp64Milli({since:Int64}) AND id IN (SELECT messageId FROM pool)
    GROUP BY tenant, id`,
  )
  .join(' UNION ALL ');

const poolSql = (ofOneTenant: boolean): string => `
WITH pool AS (
  SELECT messageId, tenant, kind, eventTime,
    arrayFilter(
      result -> result.1 = {task:String},
      arrayZip(\`results.task\`, \`results.release\`, \`results.label\`, \`results.confidence\`,
        \`results.probabilities\`, \`results.arm\`)
    ) AS answers,
    arrayFirst(answer -> ifNull(answer.6, '') != 'shadow', answers) AS served,
    arrayUniq(arrayMap(answer -> answer.3, answers)) > 1 AS disputed,
    messageId IN {examples:Array(String)} OR has({labels:Array(String)}, served.3)
      OR has({languages:Array(String)}, language) OR ${within('textLength', 'lengths')}
      OR ${within('served.4', 'confidences')} AS drifted
  FROM predictions
  WHERE ingestTime >= fromUnixTimestamp64Milli({since:Int64}) AND has(\`results.task\`, {task:String})
    ${ofOneTenant ? 'AND tenant = {tenant:String}' : ''}
    AND (tenant, messageId) NOT IN (SELECT tenant, messageId FROM feedback WHERE task = {task:String})
  ORDER BY cityHash64(messageId) / if(disputed OR drifted, ${preference}, 1), messageId
  LIMIT 1 BY tenant, messageId
  LIMIT {max:UInt64}
)
SELECT messageId, tenant, kind, toUnixTimestamp64Milli(pool.eventTime) AS eventTime, text, disputed, drifted,
  served.2 AS release, served.5 AS probabilities
FROM pool
INNER JOIN (${textsSql}) AS texts USING (tenant, messageId, kind)
WHERE served.2 != '' AND trim(text) != ''
ORDER BY cityHash64(messageId), messageId`;
