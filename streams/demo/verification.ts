// Counts what ClickHouse holds against what was published, by id.
import type { Stack } from '../stack.ts';

export interface Counts {
  readonly comments: number;
  readonly prompts: number;
  readonly scores: number;
  /** One for each message and task. */
  readonly predictions: number;
  readonly deadLetters: number;
  /** Published ids that have neither a score nor a dead letter. */
  readonly lost: number;
  /** Rows beyond the first of a published id, over all tables. */
  readonly duplicates: number;
}

/** Tables that hold one row for each message, and the column that names the message. */
const tables = [
  { table: 'comments', id: 'id' },
  { table: 'prompts', id: 'id' },
  { table: 'predictions', id: 'messageId' },
  { table: 'scores', id: 'messageId' },
] as const;

export async function verify({ clickhouse }: Stack, published: ReadonlySet<string>): Promise<Counts> {
  const rows: Record<string, number> = {};
  let duplicates = 0;
  let scored = new Set<string>();
  for (const { table, id } of tables) {
    const found = await clickhouse.query<{ id: string; rows: number }>(
      `SELECT ${id} AS id, toUInt32(count()) AS rows FROM ${table} GROUP BY id`,
    );
    const ours = found.filter((row) => published.has(row.id));
    rows[table] = found.reduce((sum, row) => sum + row.rows, 0);
    duplicates += ours.reduce((sum, row) => sum + row.rows - 1, 0);
    if (table === 'scores') scored = new Set(ours.map((row) => row.id));
  }
  const letters = await clickhouse.query<{ key: string }>('SELECT recordKey AS key FROM dead_letters');
  for (const { key } of letters) if (published.has(key)) scored.add(key);
  const [results] = await clickhouse.query<{ n: number }>(
    'SELECT toUInt32(count()) AS n FROM prediction_results',
  );
  return {
    comments: rows.comments!,
    prompts: rows.prompts!,
    scores: rows.scores!,
    predictions: results!.n,
    deadLetters: letters.length,
    lost: published.size - scored.size,
    duplicates,
  };
}
