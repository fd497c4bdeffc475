// Settings of the tables themselves: the window of tokens that the sink's guarantee rests on is checked, and waiting
// for the disk is switched as configured.
import { Misconfigured } from '../../schemas/errors.ts';
import { quoteName } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';
import { nameOf, readWritten, tablesOf, type WrittenTable } from './written-tables.ts';

/** Inserts that every table must remember (infra/clickhouse/0001_tables.sql). */
const windowMin = 10_000;

/**
 * Checks every one of the tables, and every table that views on them write into. Throws `Misconfigured`:
 * `no-deduplication` when one remembers too few tokens, `replicated-table` for engines that remember them otherwise.
 */
export async function assertDeduplicating(clickhouse: Clickhouse, tables: readonly string[]): Promise<void> {
  const written = tablesOf(await readWritten(clickhouse, tables));
  const replicated = written.find(({ engine }) => /^(Replicated|Shared)/.test(engine));
  if (replicated) throw notTried(replicated);
  const forgetful = written.filter(({ window }) => window < windowMin);
  if (forgetful.length > 0) throw tooForgetful(forgetful);
}

/**
 * Makes inserts into the tables, and into the targets of views on them, wait for the disk or not. A statement goes out
 * only where the setting differs. Returns the names of the tables it changed.
 */
export async function applyFsync(
  clickhouse: Clickhouse,
  tables: readonly string[],
  fsync: boolean,
): Promise<readonly string[]> {
  const differing = tablesOf(await readWritten(clickhouse, tables)).filter((table) => table.fsync !== fsync);
  for (const table of differing)
    await clickhouse.command(
      fsync
        ? `ALTER TABLE ${sqlName(table)} MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1`
        : `ALTER TABLE ${sqlName(table)} RESET SETTING fsync_after_insert, fsync_part_directory`,
    );
  return differing.map(nameOf);
}

const sqlName = ({ database, name }: WrittenTable): string => `${quoteName(database)}.${quoteName(name)}`;

const tooForgetful = (tables: readonly WrittenTable[]): Misconfigured =>
  new Misconfigured(
    `${tables.map((table) => `${nameOf(table)} remembers ${table.window}`).join(', ')} of its last inserts; ` +
      `${windowMin} are needed, or a repeated insert after a crash doubles its rows`,
    {
      code: 'no-deduplication',
      fix: `Run: ${tables
        .map(
          (table) =>
            `ALTER TABLE ${sqlName(table)} MODIFY SETTING non_replicated_deduplication_window = ${windowMin};`,
        )
        .join(' ')}`,
    },
  );

const notTried = (table: WrittenTable): Misconfigured =>
  new Misconfigured(
    `${nameOf(table)} is a ${table.engine}: what the sink promises was never tried on replicated tables`,
    {
      code: 'replicated-table',
      fix: 'Give the sink a database of its own with plain MergeTree tables, and replicate from there',
    },
  );
