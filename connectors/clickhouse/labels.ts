// Labels as ClickHouse resolves them from feedback (infra/clickhouse/0008_labels.sql): how right the served answers were,
// and the labelled messages themselves. Times are milliseconds since 1970; spans are of the messages’ event time.
import type { Clickhouse } from '../clickhouse.ts';

type Queries = Pick<Clickhouse, 'query'>;

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

export interface LabelledMessage {
  readonly messageId: string;
  readonly text: string;
  readonly kind: 'comment' | 'prompt';
  readonly tenant: string;
  /** The right answer; null where the feedback gave a score. */
  readonly label: string | null;
  /** The right score, 0–100; null where the feedback gave a label. */
  readonly value: number | null;
  readonly by: string;
  readonly eventTime: number;
  /** When the first feedback that says so arrived. */
  readonly labelledAt: number;
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

/** Labelled messages with their texts, the newest first. Throws `Retryable`. */
export function readLabelledMessages(
  clickhouse: Queries,
  { limit, ...span }: LabelSpan & { readonly limit: number },
): Promise<readonly LabelledMessage[]> {
  const columns = 'tenant, messageId, kind, label, value, by, eventTime, labelledAt';
  return clickhouse.query<LabelledMessage>(
    `SELECT messageId, text, kind, tenant, label, value, by,
       toUnixTimestamp64Milli(labelled.eventTime) AS eventTime, toUnixTimestamp64Milli(labelled.labelledAt) AS labelledAt
     FROM (
       SELECT ${columns} FROM ${resolved} WHERE label IS NOT NULL OR value IS NOT NULL
       ORDER BY eventTime DESC, messageId LIMIT {limit:UInt64}
     ) AS labelled
     INNER JOIN (${texts}) AS said USING (tenant, messageId, kind)
     ORDER BY labelled.eventTime DESC, messageId`,
    { ...parametersOf(span), limit },
  );
}

/** How many labels arrived since an instant, about messages that came in the 90 days before it. Throws `Retryable`. */
export async function countLabels(
  clickhouse: Queries,
  { task, since }: { readonly task: string; readonly since: number },
): Promise<number> {
  const [row] = await clickhouse.query<{ labels: number }>(
    `SELECT count() AS labels FROM ${resolved}
     WHERE (label IS NOT NULL OR value IS NOT NULL) AND labelledAt >= fromUnixTimestamp64Milli({since:Int64})`,
    arrivedSince(task, since),
  );
  return row?.labels ?? 0;
}

/**
 * What the last answers that were labelled were off by, oldest label first: those whose feedback arrived last, about
 * messages that came in the 90 days before. Throws `Retryable`.
 */
export async function readRecentErrors(
  clickhouse: Queries,
  { task, last }: { readonly task: string; readonly last: number },
): Promise<readonly LabelledError[]> {
  // Several people may have spoken about one message, some about none: more is looked at than is wanted.
  for (let looked = 4 * last; ; looked *= 8) {
    const [found] = await clickhouse.query<{ since: number; count: number }>(
      `SELECT toUnixTimestamp64Milli(min(ingestTime)) AS since, count() AS count FROM (
         SELECT ingestTime FROM feedback WHERE task = {task:String} ORDER BY ingestTime DESC LIMIT {looked:UInt64})`,
      { task, looked },
    );
    if (!found || found.count === 0) return [];
    const rows = await errorsSince(clickhouse, { task, last, since: found.since });
    if (rows.length >= last || found.count < looked) return rows;
  }
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
