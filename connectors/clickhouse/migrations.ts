// Applies numbered migrations, infra/clickhouse/NNNN_name.sql, in order and once, and remembers each with a hash.
// ClickHouse has no transactions and no locks: every statement of a migration must be harmless when repeated
// (IF NOT EXISTS), so that two processes may start at once and a migration that broke off may be applied again.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Misconfigured } from '../../schemas/errors.ts';
import { quoteText } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';

export interface Migration {
  readonly number: number;
  readonly file: string;
  readonly statements: readonly string[];
  /** SHA-256 of the file, in hex. */
  readonly hash: string;
}

/** Where Millrace keeps its own migrations. */
const migrationsDirectory = fileURLToPath(new URL('../../infra/clickhouse/', import.meta.url));

const ledger = `
CREATE TABLE IF NOT EXISTS migrations (
  number UInt32,
  file String,
  hash String,
  appliedAt DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree ORDER BY number`;

/**
 * Migrations of a directory, in order. Throws `Misconfigured` (`migration-name`) for a file whose name does not fit or
 * whose number is missing, taken or out of sequence.
 */
export async function readMigrations(directory: string = migrationsDirectory): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1] ?? Number.NaN);
      if (number !== index + 1) throw misnamed(directory, file, index + 1);
      const text = await readFile(join(directory, file), 'utf8');
      const hash = createHash('sha256').update(text).digest('hex');
      return { number, file, statements: statementsOf(text), hash };
    }),
  );
}

/**
 * Applies what is not applied yet and returns the names of those files. Throws `Misconfigured` (`migration-edited`)
 * when an applied migration has changed since; nothing is applied then.
 */
export async function applyMigrations(
  clickhouse: Clickhouse,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  await clickhouse.command(ledger);
  const rows = await clickhouse.query<{ number: number; hash: string }>(
    'SELECT number, hash FROM migrations GROUP BY number, hash ORDER BY number',
  );
  const applied = new Map(rows.map(({ number, hash }) => [number, hash]));
  for (const { number, file, hash } of migrations) {
    const before = applied.get(number);
    if (before !== undefined && before !== hash) throw edited(file);
  }
  const pending = migrations.filter(({ number }) => !applied.has(number));
  for (const migration of pending) await apply(clickhouse, migration);
  return pending.map(({ file }) => file);
}

async function apply(clickhouse: Clickhouse, { number, file, statements, hash }: Migration): Promise<void> {
  for (const statement of statements) await clickhouse.command(statement);
  await clickhouse.command(
    `INSERT INTO migrations (number, file, hash) VALUES (${number}, ${quoteText(file)}, ${quoteText(hash)})`,
  );
}

/** Statements end with a semicolon at the end of a line; pieces of nothing but comments are none. */
function statementsOf(text: string): readonly string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((piece) => piece.trim())
    .filter((piece) => piece.split('\n').some((line) => line !== '' && !line.startsWith('--')));
}

const misnamed = (directory: string, file: string, number: number): Misconfigured =>
  new Misconfigured(`Migration ${join(directory, file)} is out of sequence`, {
    code: 'migration-name',
    fix: `Numbers start at 0001 and leave no gap: name it ${String(number).padStart(4, '0')}_what_it_does.sql`,
  });

const edited = (file: string): Misconfigured =>
  new Misconfigured(`Migration ${file} was changed after it was applied to this database`, {
    code: 'migration-edited',
    fix: 'Restore the file and put the change into a migration of its own, with the next number',
  });
