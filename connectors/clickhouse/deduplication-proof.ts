// The start-up proof that this ClickHouse really deduplicates: the sink's guarantee rests on a setting that is off by
// default, that versions and administrators change, and whose absence shows only as doubled rows after a crash.
import { randomUUID } from 'node:crypto';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Clickhouse, QueryFailed } from '../clickhouse.ts';
import { serverTime } from './server-clock.ts';

/** Covers the way to the server. */
const deadlineMs = 60_000;

/**
 * Inserts the same rows twice under one token into a scratch table with a materialized view, and once more under
 * another token. Throws `Misconfigured`: `no-deduplication` unless table and view hold the rows exactly twice,
 * `proof-prevented` when ClickHouse does not accept the statements or the settings of an insert.
 */
export async function proveDeduplication(clickhouse: Clickhouse): Promise<void> {
  const name = `deduplication_proof_${randomUUID().replaceAll('-', '')}`;
  const settings = 'SETTINGS non_replicated_deduplication_window = 100';
  try {
    await clickhouse.command(
      `CREATE TABLE ${name} (value UInt8) ENGINE = MergeTree ORDER BY value ${settings}`,
    );
    await clickhouse.command(
      `CREATE TABLE ${name}_sums (value UInt8, rows UInt64) ENGINE = SummingMergeTree ORDER BY value ${settings}`,
    );
    await clickhouse.command(
      `CREATE MATERIALIZED VIEW ${name}_view TO ${name}_sums AS SELECT value, count() AS rows FROM ${name} GROUP BY value`,
    );
    for (const token of ['a', 'a', 'b']) await insertProof(clickhouse, name, token);
    const [seen] = await clickhouse.query<{ table: number; view: number }>(
      `SELECT (SELECT count() FROM ${name}) AS table, (SELECT sum(rows) FROM ${name}_sums) AS view`,
    );
    if (seen?.table !== 2 * proof.length || seen.view !== 2 * proof.length) throw unproven(seen);
  } catch (error) {
    throw error instanceof QueryFailed ? prevented(error) : error;
  } finally {
    await dropProof(clickhouse, name);
  }
}

const proof = Buffer.from([1, 2, 3]);

const insertProof = async (clickhouse: Clickhouse, table: string, token: string): Promise<void> =>
  clickhouse.insert({
    table,
    columns: ['value'],
    rows: proof,
    rowCount: proof.length,
    token,
    deadline: (await serverTime(clickhouse)) + deadlineMs,
  });

/** Best effort: what made the proof fail may fail here too, and must be the error that is seen. */
async function dropProof(clickhouse: Clickhouse, name: string): Promise<void> {
  for (const table of [`${name}_view`, `${name}_sums`, name]) {
    await clickhouse.command(`DROP TABLE IF EXISTS ${table}`).catch(() => {});
  }
}

const unproven = (seen: { table: number; view: number } | undefined): Misconfigured =>
  new Misconfigured(
    `ClickHouse does not drop a repeated insert: of two different and one repeated insert of ${proof.length} rows ` +
      `the table holds ${seen?.table} rows and its view counted ${seen?.view}; ${2 * proof.length} were expected`,
    {
      code: 'no-deduplication',
      fix:
        'Check the server’s settings insert_deduplicate, deduplicate_insert_select and ' +
        'deduplicate_blocks_in_dependent_materialized_views, and that its version honours non_replicated_deduplication_window',
    },
  );

/** A server may forbid settings that an insert needs: the proof uses the statement that the sink uses. */
const prevented = (cause: QueryFailed): Misconfigured =>
  new Misconfigured(
    `ClickHouse does not let the sink prove that repeated inserts are dropped: ${cause.message}`,
    {
      code: 'proof-prevented',
      fix:
        'The user needs CREATE TABLE, CREATE VIEW, INSERT, SELECT and DROP in its database, and a settings profile that ' +
        'lets it set what connectors/clickhouse/insert-statement.ts lists',
      cause,
    },
  );
