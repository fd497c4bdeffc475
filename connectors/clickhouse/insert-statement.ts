// The one statement that all inserts use: one block, under a token, refused after a deadline.
import { quoteName, quoteText } from '../../schemas/print/clickhouse.ts';
import type { Insert } from '../clickhouse.ts';

/** More than one block per insert makes a token useless: a retry may be cut elsewhere. */
const rowsMax = 1_000_000;
const bytesMax = 128 * 1024 * 1024;

/**
 * Settings that make an insert one block and its token count. They are part of the guarantee: the same on every
 * retry and in every version, because a block cut differently is a block ClickHouse does not recognise.
 */
const settings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_threads: 1,
  max_insert_threads: 1,
  max_block_size: 1_048_576,
  max_insert_block_size: 1_048_576,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 268_435_456,
  // A backfill may span decades; refusing it would block the sink for good.
  max_partitions_per_insert_block: 0,
} as const;

/** Throws `RangeError` for an insert that cannot be one block: a bug of the caller. */
export function assertOneBlock({ rows, rowCount, table }: Insert): void {
  if (rowCount > rowsMax || rows.length > bytesMax) {
    throw new RangeError(
      `An insert is one block of at most ${rowsMax} rows and ${bytesMax} bytes; ` +
        `${table} was given ${rowCount} rows and ${rows.length} bytes: hand the sink smaller chunks`,
    );
  }
}

/** What the conditions of the statement say when they refuse an insert. */
export const refusals = { deadline: 'insert-deadline', short: 'insert-short' } as const;

/** A deadline is an instant of ClickHouse’s clock: where this machine’s differs, these keep the time it gets sensible. */
const executionSeconds = { min: 5, max: 60 } as const;

/**
 * `INSERT … SELECT` from `source`, a table function that yields the rows. The conditions are evaluated when ClickHouse
 * reads them: an insert that was held up on its way past its deadline writes nothing, and one that arrives as anything
 * but one block of all its rows does neither. What is counted afterwards cannot tell rows of the table from rows of its
 * views.
 */
export function insertStatement(
  { table, columns, token, deadline, rowCount }: Insert,
  source: string,
  now: number,
): string {
  const secondsLeft = Math.ceil((deadline - now) / 1_000);
  const executionSecondsMax = Math.min(executionSeconds.max, Math.max(executionSeconds.min, secondsLeft));
  const assignments = Object.entries({ ...settings, max_execution_time: executionSecondsMax })
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
  const names = columns.map(quoteName).join(', ');
  return (
    `INSERT INTO ${quoteName(table)} (${names}) ` +
    `SETTINGS ${assignments}, insert_deduplication_token = ${quoteText(token)} ` +
    `SELECT ${names} FROM ${source} ` +
    `WHERE throwIf(now64(3) > fromUnixTimestamp64Milli(toInt64(${deadline})), '${refusals.deadline}') = 0 ` +
    `AND throwIf(blockSize() != ${rowCount}, '${refusals.short}') = 0`
  );
}
