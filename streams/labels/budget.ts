// How many labels a labeller of a tenant gave of a task today (UTC), and how many he is asked for at most.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { LabelBudget } from '../../schemas/requests.ts';

const dayMs = 86_400_000;

/** Source of feedback that a labeller gives. */
export const sourceOf = (labeller: string): string => `label:${labeller}`.slice(0, 128);

interface BudgetQuery {
  readonly task: string;
  readonly labeller: string;
  /** Whose messages count: two tenants may have a labeller of one name. All tenants where null. */
  readonly tenant?: string | null;
  readonly perDay: number;
  readonly now: number;
}

/** Messages that were labelled count, however often; feedback that is not stored yet does not. Throws `Retryable`. */
export async function readBudget(
  clickhouse: Pick<Clickhouse, 'query'>,
  { task, labeller, tenant = null, perDay, now }: BudgetQuery,
): Promise<LabelBudget> {
  const [row] = await clickhouse.query<{ used: number }>(
    `SELECT uniqExact(tenant, messageId) AS used FROM feedback
     WHERE task = {task:String} AND source = {source:String} ${tenant === null ? '' : 'AND tenant = {tenant:String}'}
       AND ingestTime >= fromUnixTimestamp64Milli({from:Int64})`,
    { task, source: sourceOf(labeller), tenant: tenant ?? '', from: Math.floor(now / dayMs) * dayMs },
  );
  const used = row?.used ?? 0;
  return { perDay, used, left: Math.max(0, perDay - used) };
}
