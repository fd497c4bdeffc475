// What a ClickHouse error number means for the loop: try again, or a statement that will never work.
import { Retryable } from '../../schemas/errors.ts';
import { QueryFailed } from '../clickhouse.ts';
import { refusals } from './insert-statement.ts';

/** ClickHouse error numbers that say that the server is unwell, not that the statement is wrong. */
const unwell: ReadonlyMap<number, string> = new Map([
  // Reading, writing and opening files: what a disk without room answers in ClickHouse’s own words, too.
  [74, 'disk'],
  [75, 'disk-full'],
  [76, 'disk'],
  [159, 'timeout'],
  [160, 'timeout'],
  [198, 'network'],
  [202, 'overloaded'],
  [203, 'network'],
  [209, 'network'],
  [210, 'network'],
  [225, 'keeper'],
  [236, 'aborted'],
  [241, 'memory'],
  [242, 'read-only'],
  [243, 'disk-full'],
  [252, 'too-many-parts'],
  [279, 'network'],
  [285, 'replicas'],
  [286, 'replicas'],
  [319, 'unknown-status'],
  [394, 'cancelled'],
  [425, 'system'],
  [439, 'overloaded'],
  [473, 'deadlock'],
  [499, 'object-storage'],
  [519, 'replicas'],
  [735, 'cancelled'],
  [745, 'overloaded'],
  [999, 'keeper'],
]);

/** FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: in an insert, one of its own conditions. */
const throwIf = 395;

/** First line of a ClickHouse message, without what it prints about its own build. */
const firstLine = (message: string): string => message.split('\n', 1)[0]!.replace(/ \(version .*$/, '');

/** The error for a statement that ClickHouse answered with `code`. */
export function refusalOf(message: string, code: number, cause: unknown): Retryable | QueryFailed {
  const reason = unwell.get(code);
  if (reason === undefined) return new QueryFailed(firstLine(message), code);
  return new Retryable(`ClickHouse is unwell (${reason}): ${firstLine(message)}`, {
    code: `clickhouse-${reason}`,
    context: { clickhouseCode: code },
    cause,
  });
}

/** The error for an insert that failed with `error`: names the table, and tells its own conditions from bad SQL. */
export function insertFailure(error: unknown, table: string, token: string): unknown {
  if (!(error instanceof QueryFailed)) return error;
  if (error.code === throwIf && error.message.includes(refusals.short))
    return new Retryable(
      `ClickHouse refused the insert ${token} into ${table}: it did not arrive as one block of all its rows`,
      { code: 'insert-short', context: { table, token }, cause: error },
    );
  if (error.code !== throwIf || !error.message.includes(refusals.deadline)) {
    return new QueryFailed(`Insert into ${table} (${token}) was refused: ${error.message}`, error.code);
  }
  return new Retryable(
    `ClickHouse refused the insert ${token} into ${table} because its deadline had passed: it waited too long, ` +
      'or the clocks of this machine and of ClickHouse differ',
    { code: 'insert-deadline', context: { table, token }, cause: error },
  );
}

/** The error for an insert that ClickHouse accepted and did not write. Nothing is under its token: it may be sent again. */
export function shortInsert(table: string, token: string, expected: number, written: number): Retryable {
  return new Retryable(
    `ClickHouse accepted the insert ${token} into ${table} but wrote ${written} of ${expected} rows`,
    {
      code: 'insert-short',
      context: { table, token, expected, written },
    },
  );
}

/** The error for rows that could not be put where chdb reads them. Nothing of them is stored. */
export function unstaged(file: string, cause: unknown): Retryable {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  return new Retryable(`could not write ${file} for ClickHouse (${code || cause})`, {
    code: code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'clickhouse-staging',
    context: { file },
    cause,
  });
}
