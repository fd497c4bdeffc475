// How labelling stands: labels by task and by who is believed, what contradicts, what joins nothing, and how right the
// releases are by it.
import { readAccuracy } from '../../connectors/clickhouse/labels.ts';
import type { LabelBudget } from '../../schemas/requests.ts';
import type { Stack } from '../stack.ts';
import { readBudget } from './budget.ts';

export interface LabelStatus {
  readonly labels: readonly {
    readonly task: string;
    readonly by: string;
    readonly labels: number;
    /** Labels that some feedback contradicts. */
    readonly conflicting: number;
    readonly newest: number;
  }[];
  /** Feedback about messages that are unknown, or were not asked the task, by task. */
  readonly unmatched: readonly { readonly task: string; readonly feedback: number }[];
  readonly accuracy: readonly {
    readonly release: string;
    readonly labelled: number;
    readonly correct: number;
  }[];
  /** What is left of today’s labels of the labeller, by task. */
  readonly budgets: readonly ({ readonly task: string } & LabelBudget)[];
}

export interface StatusQuery {
  /** All tasks with feedback where null. */
  readonly task: string | null;
  readonly labeller: string;
  /** Messages that happened, and feedback that arrived, since; ms since 1970. */
  readonly since: number;
}

type Ports = Pick<Stack, 'clickhouse' | 'configuration' | 'now'>;

const resolved =
  'resolved_feedback(task = {task:String}, from = {since:Int64}, to = 9999999999999, since = {zero:Int64})';

/** Throws `Retryable`. */
export async function readLabelStatus(ports: Ports, query: StatusQuery): Promise<LabelStatus> {
  const { clickhouse, configuration, now } = ports;
  const { labeller, since } = query;
  const parameters = { task: query.task ?? '', since, zero: 0 };
  const labels = await clickhouse.query<LabelStatus['labels'][number]>(
    `SELECT task, by, count() AS labels, countIf(conflicting > 0) AS conflicting,
       toUnixTimestamp64Milli(max(labelledAt)) AS newest
     FROM ${resolved} WHERE label IS NOT NULL OR value IS NOT NULL GROUP BY task, by ORDER BY task, labels DESC, by`,
    parameters,
  );
  const unmatched = await clickhouse.query<LabelStatus['unmatched'][number]>(
    `SELECT task, uniqExact(id) AS feedback FROM feedback
     WHERE ({task:String} = '' OR task = {task:String}) AND ingestTime >= fromUnixTimestamp64Milli({since:Int64})
       AND (tenant, messageId, toString(task)) NOT IN (
         SELECT tenant, messageId, toString(answered) FROM predictions ARRAY JOIN \`results.task\` AS answered
         WHERE messageId IN (
           SELECT messageId FROM feedback WHERE ingestTime >= fromUnixTimestamp64Milli({since:Int64})
         )
       )
     GROUP BY task ORDER BY task`,
    parameters,
  );
  const tasks = [...new Set([...labels, ...unmatched].map(({ task }) => task))].sort();
  const accuracies = await Promise.all(
    tasks.map((task) => readAccuracy(clickhouse, { task, from: since, to: now() + 1 })),
  );
  const perDay = configuration.labels.perDayMax;
  const budgets = await Promise.all(
    tasks.map(async (task) => ({
      task,
      ...(await readBudget(clickhouse, { task, labeller, perDay, now: now() })),
    })),
  );
  return { labels, unmatched, accuracy: accuracies.flat(), budgets };
}
