// A score as ClickHouse has it, by its own id or by that of its message.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import { type Score, scores } from '../../schemas/score.ts';

const columns = Object.entries(scores.fields).map(([name, { type }]) =>
  type === 'time' ? `toUnixTimestamp64Milli(\`${name}\`) AS \`${name}Ms\`` : `\`${name}\``,
);

/** The newest one; null where there is none. All tenants where `tenant` is null. Throws `Retryable`. */
export async function storedScore(
  clickhouse: Pick<Clickhouse, 'query'>,
  id: string,
  tenant: string | null,
): Promise<Score | null> {
  const rows = await clickhouse.query<Readonly<Record<string, unknown>>>(
    `SELECT ${columns.join(', ')} FROM scores
WHERE (messageId = {id:String} OR id = {id:String})${tenant === null ? '' : ' AND tenant = {tenant:String}'}
ORDER BY _time DESC LIMIT 1`,
    tenant === null ? { id } : { id, tenant },
  );
  const [row] = rows;
  if (!row) return null;
  const score: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(scores.fields))
    score[name] = type === 'time' ? Number(row[`${name}Ms`]) : row[name];
  return score as unknown as Score;
}
