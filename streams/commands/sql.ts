// `millrace sql`: any statement to ClickHouse, in process or on its server.
import { Misconfigured } from '../../schemas/errors.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes } from './command.ts';

interface SqlOptions {
  readonly json?: boolean;
  readonly format?: string;
}

export const sql: Define = (program, context, action) => {
  program
    .command('sql <query>')
    .description('run SQL in ClickHouse; `-` reads the query from standard input')
    .option('--json', 'one JSON object a row')
    .option('--format <format>', 'any ClickHouse output format, such as CSV or Parquet')
    .addHelpText(
      'after',
      `
Examples:
  millrace sql "SELECT language, count() AS comments, avg(toxic) AS toxic FROM scores WHERE kind = 'comment' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
  millrace sql "SELECT * FROM prediction_results LIMIT 5" --json
  millrace sql "SELECT * FROM scores" --format Parquet > scores.parquet`,
    )
    .action(action((query: string, options: SqlOptions) => run(context, query, options)));
};

/** Statements that answer with rows; all others only change something. */
const hasRows = /^\s*(\(|select|with|show|describe|desc|explain|exists|check)\b/i;

async function run({ io, stack }: CommandContext, given: string, options: SqlOptions): Promise<number> {
  const query = given === '-' ? await readAll(io.stdin) : given;
  if (query.trim() === '')
    throw new Misconfigured('the query is empty', {
      code: 'bad-argument',
      fix: 'Try: millrace sql "SELECT 1".',
    });
  const { clickhouse } = await stack();
  if (!hasRows.test(query)) await clickhouse.command(query);
  else if (options.format) await io.stdout.write(await clickhouse.format(query, options.format));
  else if (options.json) await io.stdout.write(await clickhouse.format(query, 'JSONEachRow'));
  else await io.stdout.write(table(await clickhouse.query(query)));
  return exitCodes.done;
}

async function readAll(source: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
