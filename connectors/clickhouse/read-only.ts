// SQL from people and dashboards: statements that only read, within limits. Two walls stand behind each other.
// ClickHouse itself runs the statement with `readonly = 1`, which refuses to write, to change settings and to read
// through table functions (`file`, `url`, `s3`, `remote`, …). What that mode lets through is refused here before, by
// the words of the statement: `SETTINGS` in a subquery lifts the mode, `INTO OUTFILE` writes a file, the function
// `file()` reads one, `DESCRIBE url(…)` opens a connection, KILL, USE and SET act although they write no row.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { QueryLimits } from '../clickhouse.ts';
import { type Word, wordsOf } from './sql-words.ts';

const fix =
  'Read with one SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN; `millrace sql --write` runs any statement.';
const refused = (message: string): Misconfigured =>
  new Misconfigured(message, { code: 'sql-read-only', fix });

const firstWords = new Set([
  'select',
  'with',
  'from',
  'show',
  'describe',
  'desc',
  'exists',
  'explain',
  'check',
]);
/** Functions that reach for files, addresses or libraries although ClickHouse is read-only. */
const reaching = new Set(['file', 'catboostevaluate', 'showcertificate']);

/** Throws `Misconfigured` (`sql-read-only`) unless the text is one statement that can do nothing but read. */
export function assertReads(sql: string): void {
  const words = wordsOf(sql);
  if (typeof words === 'string') throw refused(`The statement is not run read-only: it holds ${words}`);
  while (words.at(-1)?.is === ';') words.pop();
  const first = words.find(({ is }) => is !== '(')?.is ?? '';
  if (!firstWords.has(first)) throw refused(`Only statements that read are run, not ${first.toUpperCase()}`);
  for (const [index, word] of words.entries()) {
    const trouble = troubleAt(words, index, word);
    if (trouble) throw refused(`The statement is not run read-only: ${trouble}`);
  }
  if (first === 'describe' || first === 'desc') assertNamesTable(words);
  if (first === 'explain' && words[1]?.is === 'table')
    throw refused('EXPLAIN TABLE OVERRIDE asks another server');
}

function troubleAt(words: readonly Word[], index: number, { is, quoted }: Word): string | null {
  if (reaching.has(is)) {
    const isCalled = words[index + 1]?.is === '(' || isApplied(words, index) || isHandedOn(words, index);
    if (isCalled) return `${is}() reaches out of the database`;
  }
  if (quoted) return null;
  if (is === ';') return 'it is more than one statement';
  if (is === 'outfile') return 'INTO OUTFILE writes a file';
  // A table `system.settings` and `SHOW SETTINGS` are read like anything else.
  if (is === 'settings' && words[index - 1]?.is !== '.' && words[0]?.is !== 'show')
    return 'SETTINGS would change its limits';
  return null;
}

/** `* APPLY(file)`, `* APPLY file`. */
const isApplied = (words: readonly Word[], index: number): boolean =>
  words[index - 1]?.is === 'apply' || (words[index - 1]?.is === '(' && words[index - 2]?.is === 'apply');

/** `arrayMap(file, …)`: the name as first argument of a function. A column there needs a table name before it. */
const isHandedOn = (words: readonly Word[], index: number): boolean =>
  words[index - 1]?.is === '(' &&
  words[index + 1]?.is === ',' &&
  /^(array|map)/.test(words[index - 2]?.is ?? '');

/** DESCRIBE of a table function opens what it names to see its columns, read-only or not. */
function assertNamesTable(words: readonly Word[]): void {
  const rest = words.slice(words[1]?.is === 'table' ? 2 : 1);
  if (rest[0]?.is !== '(' && rest.some(({ is }) => is === '('))
    throw refused('DESCRIBE of a table function reaches out of the database');
}

/** The limits as ClickHouse’s settings, `readonly` among them. A limit that is passed refuses the query. */
export const limitSettings = (limits: QueryLimits): Readonly<Record<string, string>> => ({
  max_execution_time: String(Math.max(1, Math.ceil(limits.executionMsMax / 1_000))),
  max_result_rows: String(limits.resultRowsMax),
  max_result_bytes: String(limits.resultBytesMax),
  max_memory_usage: String(limits.memoryBytesMax),
  readonly: '1',
});

const limitNames: Readonly<Record<string, string>> = {
  'clickhouse-timeout': 'longer than MILLRACE_SQL_EXECUTION_MS_MAX',
  'clickhouse-memory': 'more memory than MILLRACE_SQL_MEMORY_BYTES_MAX',
  '396': 'a larger result than MILLRACE_SQL_RESULT_ROWS_MAX or MILLRACE_SQL_RESULT_BYTES_MAX',
};

/** A limit that was passed is the query’s fault, not a server that is unwell. */
export function limitPassed(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const what = limitNames[String(error.code)];
  const isTotal = error instanceof Retryable && /\(total\)|Timeout exceeded while/i.test(error.message);
  if (!what || isTotal) return error;
  return new Misconfigured(`The query needs ${what} allows`, {
    code: 'sql-limit',
    fix: 'Ask for less (WHERE, LIMIT, GROUP BY), or raise that setting.',
    cause: error,
  });
}
