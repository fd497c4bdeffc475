// Messages by id: whether a task was answered about them, and whose they are.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import { quoteText } from '../../schemas/print/clickhouse.ts';

/** Ids in one statement: it is to stay below ClickHouse’s own limit of 256 KiB. */
const idsMax = 500;

/** Tenants by id, of those messages that were answered for the task. Throws `Retryable`. */
export async function findMessages(
  clickhouse: Pick<Clickhouse, 'query'>,
  task: string,
  messageIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const tenants = new Map<string, string>();
  for (let from = 0; from < messageIds.length; from += idsMax) {
    const ids = messageIds
      .slice(from, from + idsMax)
      .map(quoteText)
      .join(', ');
    const rows = await clickhouse.query<{ messageId: string; tenant: string }>(
      `SELECT messageId, argMax(tenant, _time) AS tenant FROM predictions
       WHERE messageId IN (${ids}) AND has(\`results.task\`, {task:String}) GROUP BY messageId`,
      { task },
    );
    for (const { messageId, tenant } of rows) tenants.set(messageId, tenant);
  }
  return tenants;
}
