// Labels as ClickHouse resolves them from feedback (infra/clickhouse/0008_labels.sql): how right the served answers were,
// and the labelled messages themselves. Times are milliseconds since 1970; spans are of the messages’ event time.
import { quoteText } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';

type Queries = Pick<Clickhouse, 'query'>;
type Bytes = Pick<Clickhouse, 'format'>;

export interface LabelSpan {
  readonly task: string;
  /** First instant, and first instant after the span. */
  readonly from: number;
  readonly to: number;
}

export interface ReleaseAccuracy {
  readonly release: string;
  readonly labelled: number;
  readonly correct: number;
}

export interface LabelledError {
  readonly messageId: string;
  readonly release: string;
  readonly correct: boolean;
  /** Points between the served and the right score; of labels 0 or 100. */
  readonly error: number;
  readonly labelledAt: number;
}

/** Past every event time that a topic can hold. */
const latest = 9_999_999_999_999;

/** How many served answers have a label by now, and how many are right; by release. Throws `Retryable`. */
export function readAccuracy(clickhouse: Queries, span: LabelSpan): Promise<readonly ReleaseAccuracy[]> {
  return clickhouse.query<ReleaseAccuracy>(
    `SELECT release, count() AS labelled, countIf(correct) AS correct
     FROM (SELECT release, correct FROM ${resolved})
     GROUP BY release ORDER BY release`,
    parametersOf(span),
  );
}

/**
 * Labelled messages with their texts, the newest first, as JSON lines of messageId, text, kind, tenant, label (null where
 * the feedback gave a score), value (0–100; null where it gave a label) and eventTime: bytes to be passed on, for nobody
 * has to hold all of them as objects. The newest `limit` of them, and of these as many as have texts of `textBytesMax`
 * bytes in all. Throws `Retryable`.
 */
export function readLabelledMessages(
  clickhouse: Bytes,
  { limit, textBytesMax, ...span }: LabelSpan & { readonly limit: number; readonly textBytesMax: number },
): Promise<Buffer> {
  const columns = 'tenant, messageId, kind, label, value, eventTime';
  const order = 'labelled.eventTime DESC, messageId, tenant';
  return clickhouse.format(
    inlined(
      `SELECT messageId, text, kind, tenant, label, value, time AS eventTime FROM (
         SELECT messageId, text, kind, tenant, label, value, toUnixTimestamp64Milli(labelled.eventTime) AS time,
           sum(length(text)) OVER (ORDER BY ${order}) AS textBytes
         FROM (
           SELECT ${columns} FROM ${resolved} WHERE label IS NOT NULL OR value IS NOT NULL
           ORDER BY eventTime DESC, messageId, tenant LIMIT {limit:UInt64}
         ) AS labelled
         INNER JOIN (${texts}) AS said USING (tenant, messageId, kind)
       )
       WHERE textBytes <= {textBytesMax:UInt64}
       ORDER BY time DESC, messageId, tenant
       SETTINGS output_format_json_quote_64bit_integers = 0`,
      { ...parametersOf(span), limit, textBytesMax },
    ),
    'JSONEachRow',
  );
}

/** A statement with its parameters written out: bytes are asked for without any. */
const inlined = (sql: string, parameters: Readonly<Record<string, string | number>>): string =>
  sql.replaceAll(/\{(\w+):\w+\}/g, (_, name: string) => {
    const value = parameters[name]!;
    return typeof value === 'number' ? String(value) : quoteText(value);
  });

interface ArrivalSpan {
  readonly task: string;
  /** Feedback that arrived before is not looked at, ms since 1970: it bounds what is read. */
  readonly since: number;
}

/**
 * How many labels arrived since an instant, about messages that came in the 90 days before it; null where they are not
 * more than `above`. Counting stops soon after that: the number is then what the newest feedback makes. Throws `Retryable`.
 */
export async function countLabels(
  clickhouse: Queries,
  { above, ...span }: ArrivalSpan & { readonly above: number },
): Promise<number | null> {
  for (let looked = 2 * (above + 1); ; looked *= 8) {
    const words = await newestWords(clickhouse, span, looked);
    // A label has a word of its own at least.
    if (words.count <= above) return null;
    const [row] = await clickhouse.query<{ labels: number }>(
      `SELECT count() AS labels FROM ${resolved}
       WHERE (label IS NOT NULL OR value IS NOT NULL) AND labelledAt >= fromUnixTimestamp64Milli({since:Int64})`,
      arrivedSince(span.task, words.since),
    );
    const labels = row?.labels ?? 0;
    if (labels > above) return labels;
    if (words.count < looked) return null;
  }
}

/**
 * What the last answers that were labelled were off by, oldest label first: those whose feedback arrived last, about
 * messages that came in the 90 days before. Throws `Retryable`.
 */
export async function readRecentErrors(
  clickhouse: Queries,
  { last, ...span }: ArrivalSpan & { readonly last: number },
): Promise<readonly LabelledError[]> {
  // Several people may have spoken about one message, some about none: more is looked at than is wanted.
  for (let looked = 4 * last; ; looked *= 8) {
    const words = await newestWords(clickhouse, span, looked);
    if (words.count === 0) return [];
    const rows = await errorsSince(clickhouse, { task: span.task, last, since: words.since });
    if (rows.length >= last || words.count < looked) return rows;
  }
}

/** The newest feedback since an instant, so much of it at most: how much there is, and when the oldest of it arrived. */
async function newestWords(clickhouse: Queries, span: ArrivalSpan, looked: number) {
  const [found] = await clickhouse.query<{ since: number; count: number }>(
    `SELECT toUnixTimestamp64Milli(min(ingestTime)) AS since, count() AS count FROM (
       SELECT ingestTime FROM feedback
       WHERE task = {task:String} AND ingestTime >= fromUnixTimestamp64Milli({since:Int64})
       ORDER BY ingestTime DESC LIMIT {looked:UInt64})`,
    { ...span, looked },
  );
  return { since: Number(found?.since ?? 0), count: Number(found?.count ?? 0) };
}

function errorsSince(
  clickhouse: Queries,
  { task, last, since }: { readonly task: string; readonly last: number; readonly since: number },
): Promise<readonly LabelledError[]> {
  return clickhouse.query<LabelledError>(
    `SELECT * FROM (
       SELECT messageId, release, correct, error, toUnixTimestamp64Milli(labelledAt) AS labelledAt FROM ${resolved}
       ORDER BY labelledAt DESC, messageId DESC LIMIT {last:UInt64}
     ) ORDER BY labelledAt, messageId`,
    { ...arrivedSince(task, since), last },
  );
}

const resolved =
  'resolved_feedback(task = {task:String}, from = {from:Int64}, to = {to:Int64}, since = {since:Int64})';

/** Texts of the messages that there is feedback about; of a message that was published twice, the newest. */
const texts = ['comments', 'prompts']
  .map(
    (table) => `SELECT tenant, id AS messageId, '${table.slice(0, -1)}' AS kind,
      argMax(text, (_time, _partition, _offset)) AS text
    FROM ${table}
    WHERE eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})
      AND id IN (SELECT messageId FROM feedback WHERE task = {task:String})
    GROUP BY tenant, id`,
  )
  .join(' UNION ALL ');

const parametersOf = ({ task, from, to }: LabelSpan) => ({ task, from, to, since: 0 });

const arrivedSince = (task: string, since: number) => ({
  task,
  from: 0,
  to: latest,
  since,
});
