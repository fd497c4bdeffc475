// `millrace sql`: SQL to ClickHouse, in process or on its server; read-only within limits unless `--write` is given.
import { Misconfigured } from '../../schemas/errors.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, whereOpen } from './command.ts';
import { untilAborted } from './input.ts';

interface SqlOptions {
  readonly json?: boolean;
  readonly format?: string;
  readonly write?: boolean;
}

export const sql: Define = (program, context, action) => {
  program
    .command('sql <query>')
    .description('ask ClickHouse; `-` reads the query from standard input')
    .option('--json', 'one JSON object a row')
    .option(
      '--format <format>',
      'any ClickHouse output format, such as CSV or Parquet; as FORMAT in the query',
    )
    .option('--write', 'run any statement, also one that changes or deletes data, without limits')
    .addHelpText(
      'after',
      `
A query may only read: rows and definitions of tables, no files, no other servers, no settings of its own; and it is
ended past MILLRACE_SQL_EXECUTION_MS_MAX, …_RESULT_ROWS_MAX, …_RESULT_BYTES_MAX and …_MEMORY_BYTES_MAX. --write lifts all of that.

Examples:
  millrace sql "SELECT language, count() AS comments, avg(toxic) AS toxic FROM scores WHERE kind = 'comment' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
  millrace sql "SELECT * FROM prediction_results LIMIT 5" --json
  millrace sql "SELECT * FROM scores" --format Parquet > scores.parquet
  millrace sql --write "ALTER TABLE comments DELETE WHERE tenant = 'acme'"`,
    )
    .action(action((query: string, options: SqlOptions) => run(context, query, options)));
};

/** Statements that answer with rows, after comments; all others only change something. */
const hasRows =
  /^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)*(\(|(select|with|from|values|show|describe|desc|explain|exists|check)\b)/i;
const formatClause = /\sformat\s+(\w+)[\s;]*$/i;

async function run(context: CommandContext, query: string, options: SqlOptions): Promise<number> {
  if (query !== '-') checkQuery(query);
  return whereOpen(context, context.io, () => ask(context, query, options));
}

function checkQuery(query: string): void {
  if (query.trim() !== '') return;
  throw new Misconfigured('the query is empty', {
    code: 'bad-argument',
    fix: 'Try: millrace sql "SELECT 1".',
  });
}

async function ask(context: CommandContext, given: string, options: SqlOptions): Promise<number> {
  const { io, configuration, stack } = context;
  const { clickhouse } = await stack();
  const query = given === '-' ? await readAll(untilAborted(io.stdin, io.signal)) : given;
  checkQuery(query);
  const format = options.format ?? (options.json ? 'JSONEachRow' : formatClause.exec(query)?.[1]);
  const statement = query.replace(formatClause, '');
  const answer = (output: string): Promise<Buffer> =>
    options.write
      ? clickhouse.format(statement, output)
      : clickhouse.readOnly(statement, output, configuration.sql);
  if (options.write && !hasRows.test(query)) await clickhouse.command(query);
  else if (format) await io.stdout.write(await answer(format));
  else await io.stdout.write(table(rowsOf(await answer('JSONEachRow'))));
  return exitCodes.done;
}

const rowsOf = (lines: Buffer): readonly Readonly<Record<string, unknown>>[] => {
  const text = lines.toString('utf8').trimEnd();
  return text === '' ? [] : JSON.parse(`[${text.replaceAll('\n', ',')}]`);
};

async function readAll(source: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}
