// A child process that holds chdb and speaks enough of ClickHouse's HTTP interface to run @clickhouse/client against
// it: no ClickHouse server can be had where these tests run. Query in the URL or the body, settings and `param_*` in
// the URL, RowBinary bodies for `input()`, X-ClickHouse-Summary, X-ClickHouse-Exception-Code, basic authentication.
// What it does not show: a server's own networking, users, replication and versions.
// `--directory D` keeps the data there across restarts (its `data` folder is what the embedded ClickHouse makes);
// `--port P` fixes the port. Without them: a new directory, removed at the end, and any free port.
// `--enforce 'name = value'` puts a setting in place of a statement's own, as a settings profile of a server may.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { drainPending, Session } from 'chdb';

const { values: given } = parseArgs({
  options: {
    directory: { type: 'string' },
    port: { type: 'string', default: '0' },
    enforce: { type: 'string' },
  },
});
const directory = given.directory ?? (await mkdtemp(join(tmpdir(), 'millrace-clickhouse-server-')));
const session = new Session(join(directory, 'data'));
const notSettings = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'wait_end_of_query',
]);
const credentials = `Basic ${Buffer.from('tester:secret').toString('base64')}`;
let bodies = 0;
/** chdb's session holds one statement at a time, and the row counts below are counts since its start. */
let last: Promise<void> = Promise.resolve();

const server = createServer((request, response) => {
  last = last.then(() => answer(request, response)).catch((error) => refuse(response, error));
});
server.listen(Number(given.port), '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', async () => {
  server.close();
  server.closeAllConnections();
  await last;
  session.close();
  await drainPending();
  if (given.directory === undefined) await rm(directory, { recursive: true, force: true });
  setTimeout(() => process.exit(0), 300);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const body = await buffer(request);
  if (request.headers.authorization !== credentials)
    throw new Error('Code: 516. DB::Exception: tester: Authentication failed. (AUTHENTICATION_FAILED)');
  if ((searchParams.get('database') ?? 'default') !== 'default')
    throw new Error('Code: 81. DB::Exception: Database does not exist. (UNKNOWN_DATABASE)');
  const inUrl = searchParams.get('query');
  const before = await insertedRows();
  const { sql, file } = inUrl === null ? { sql: body.toString(), file: null } : await stage(inUrl, body);
  const bytes = await execute(enforced(withSettings(sql, searchParams)), searchParams);
  if (file) await rm(file);
  const written = (await insertedRows()) - before;
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({ written_rows: String(written), read_rows: '0' }),
  );
  response.end(bytes);
}

/** Puts a body where chdb can read it: `input(structure)` becomes `file(path, RowBinary, structure)`. */
async function stage(sql: string, body: Buffer): Promise<{ sql: string; file: string | null }> {
  if (!sql.includes('FROM input(') || !sql.endsWith(' FORMAT RowBinary'))
    return { sql: `${sql}\n${body}`, file: null };
  bodies += 1;
  const file = join(directory, `${bodies}.rows`);
  await writeFile(file, body);
  const statement = sql
    .replace('FROM input(', `FROM file('${file}', RowBinary, `)
    .replace(/ FORMAT RowBinary$/, '');
  return { sql: statement, file };
}

/** Settings of the URL go to the statement's own, where it has none; statements that take none are left alone. */
function withSettings(sql: string, parameters: URLSearchParams): string {
  if (parameters.get('readonly') === '1') return sql;
  const settings = [...parameters].filter(([name]) => !notSettings.has(name) && !name.startsWith('param_'));
  const format = /\sFORMAT\s+\w+\s*$/.exec(sql);
  if (settings.length === 0 || !/^\s*SELECT/i.test(sql) || / SETTINGS /.test(sql)) return sql;
  const clause = ` SETTINGS ${settings.map(([name, value]) => `${name} = ${JSON.stringify(value).replaceAll('"', "'")}`).join(', ')}`;
  return format ? `${sql.slice(0, format.index)}${clause}${format[0]}` : `${sql}${clause}`;
}

function enforced(sql: string): string {
  if (!given.enforce) return sql;
  const [name = ''] = given.enforce.split(' ');
  return sql.replace(new RegExp(`\\b${name} = \\w+`), given.enforce);
}

async function execute(sql: string, parameters: URLSearchParams): Promise<Uint8Array> {
  const format = parameters.get('default_format') ?? 'TabSeparated';
  if (parameters.get('readonly') === '1') return executeReadOnly(sql, parameters, format);
  const bound = [...parameters].filter(([name]) => name.startsWith('param_'));
  const result =
    bound.length === 0
      ? await session.queryAsync(sql, { format })
      : await session.queryBindAsync(sql, Object.fromEntries(bound.map(bindingOf)), { format });
  return result.bytes();
}

/** Settings of a request hold for its statement only, before its own can change any: as a server has it. */
async function executeReadOnly(sql: string, parameters: URLSearchParams, format: string) {
  const settings = [...parameters].filter(([name]) => !notSettings.has(name));
  const reader = new Session(join(directory, 'data'), {
    connectionArgs: settings.map(([name, value]) => `--${name}=${value}`),
  });
  try {
    return (await reader.queryAsync(sql, { format })).bytes();
  } finally {
    reader.close();
  }
}

/** Values come escaped as ClickHouse escapes tab-separated text; chdb escapes them again. */
function bindingOf([name, value]: readonly [string, string]): readonly [string, string] {
  const unescaped = value.replace(/\\([tnr0\\'bf])/g, (_, letter: string) => escapes[letter] ?? letter);
  return [name.slice('param_'.length), unescaped];
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', 0: '\0', b: '\b', f: '\f' };

async function insertedRows(): Promise<number> {
  const result = await session.queryAsync("SELECT value FROM system.events WHERE event = 'InsertedRows'", {
    format: 'TSV',
  });
  return Number(result.text());
}

function refuse(response: ServerResponse, error: Error): void {
  const code = /Code: (\d+)/.exec(error.message)?.[1] ?? '1002';
  response.writeHead(500, { 'X-ClickHouse-Exception-Code': code });
  response.end(`${error.message} (version 26.7.2.1)`);
}
