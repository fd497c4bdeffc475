// What every implementation of the ClickHouse port must refuse and allow where people and dashboards bring the SQL.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { type Clickhouse, QueryFailed, type QueryLimits } from '../../connectors/clickhouse.ts';
import { Misconfigured } from '../../schemas/errors.ts';

const limits: QueryLimits = {
  executionMsMax: 30_000,
  resultRowsMax: 1_000,
  resultBytesMax: 10_000_000,
  memoryBytesMax: 500_000_000,
};

/** Statements that change something; `t` is a table that is there. */
const changing = (t: string): readonly string[] => [
  `INSERT INTO ${t} VALUES (1)`,
  `WITH 1 AS x INSERT INTO ${t} SELECT x`,
  `INSERT INTO FUNCTION file('x.csv', 'CSV', 'a Int8') SELECT 1`,
  `INSERT INTO ${t} SETTINGS readonly = 0 VALUES (1)`,
  `DROP TABLE ${t}`,
  `TRUNCATE TABLE ${t}`,
  `ALTER TABLE ${t} DELETE WHERE 1`,
  `DELETE FROM ${t} WHERE 1`,
  `RENAME TABLE ${t} TO ${t}_u`,
  `OPTIMIZE TABLE ${t} FINAL`,
  `CREATE TABLE ${t}_n (a UInt8) ENGINE = Memory`,
  `CREATE TEMPORARY TABLE ${t}_n (a UInt8)`,
  `CREATE FUNCTION f_${t} AS (x) -> x`,
  `SELECT 1; DROP TABLE ${t}`,
  `SELECT 1 /* ; */ ; DROP TABLE ${t}`,
  'SET readonly = 0',
  'SET max_result_rows = 0',
  'USE system',
  'KILL QUERY WHERE 1',
  'SYSTEM FLUSH LOGS',
  'GRANT ALL ON *.* TO default',
];

/** Ways out of the mode: settings, files and addresses. `file` is one that is there; nobody may connect to `port`. */
const reachingOut = (file: string, output: string, port: number): readonly string[] => [
  'SELECT 1 SETTINGS readonly = 0',
  'SELECT * FROM (SELECT 1 SETTINGS readonly = 0)',
  `SELECT * FROM (SELECT * FROM file('${file}', 'LineAsString') SETTINGS readonly=0)`,
  `SELECT * FROM (SELECT * FROM file('${file}', 'LineAsString')/**/settings/**/readonly=0)`,
  'SELECT number FROM numbers(5000) SETTINGS max_result_rows = 0',
  `SELECT * FROM file('${file}', 'LineAsString')`,
  `SELECT * FROM '${file}'`,
  `SELECT file('${file}')`,
  `SELECT \`file\`('${file}')`,
  `SELECT \`\\x66ile\`('${file}')`,
  `SELECT “file”('${file}')`,
  `SELECT "file" /* x */ ('${file}')`,
  `SELECT * APPLY(file) FROM (SELECT '${file}' AS p)`,
  `SELECT * APPLY file FROM (SELECT '${file}' AS p)`,
  `SELECT arrayMap(file, ['${file}'])`,
  `SELECT arrayMap(x -> file(x), ['${file}'])`,
  `EXPLAIN SELECT file('${file}')`,
  `DESCRIBE file('${file}', 'LineAsString')`,
  `DESCRIBE TABLE url('http://127.0.0.1:${port}/x', 'CSV')`,
  `DESCRIBE (SELECT * FROM file('${file}', 'LineAsString'))`,
  `SELECT * FROM url('http://127.0.0.1:${port}/x', 'LineAsString')`,
  `SELECT * FROM s3('http://127.0.0.1:${port}/bucket/x.csv', 'CSV', 'a Int8')`,
  `SELECT * FROM remote('127.0.0.1:${port}', 'default', 't')`,
  `SELECT * FROM mysql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
  "SELECT * FROM executable('ls', 'TSV', 'a String')",
  "SELECT * FROM filesystem('/')",
  `EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:${port}', 'db', 't', 'u', 'p') PARTITION BY 1`,
  `SELECT 1 INTO OUTFILE '${output}'`,
  `SELECT 1 INTO/**/OUTFILE '${output}' FORMAT CSV`,
  `SHOW TABLES INTO OUTFILE '${output}'`,
  `SELECT 1 /* /* */ INTO OUTFILE '${output}' */`,
  `SELECT 1 # ' \n INTO OUTFILE '${output}'`,
  `SELECT 1 // ' \n INTO OUTFILE '${output}'`,
  `SELECT $$'$$ INTO OUTFILE '${output}'`,
];

const reading = (t: string): readonly (readonly [string, RegExp])[] => [
  [`SELECT a FROM ${t}`, /^7\n$/],
  [` -- all\n /* of\n them */ SELECT a FROM ${t};\n`, /^7\n$/],
  [`WITH b AS (SELECT a FROM ${t}) SELECT a + 1 FROM b`, /^8\n$/],
  [`FROM ${t} SELECT a`, /^7\n$/],
  [`(SELECT a FROM ${t}) UNION ALL (SELECT 1)`, /7/],
  ["SELECT 'into outfile ; settings', 'it''s \\' file(1)'", /into outfile ; settings/],
  ["SELECT 1 AS file, 'größer — „ja“'", /größer — „ja“/],
  ["SELECT value FROM system.settings WHERE name = 'readonly'", /^1\n$/],
  ["SHOW SETTINGS LIKE 'readonly'", /readonly/],
  [`SHOW CREATE TABLE ${t}`, /MergeTree/],
  [`DESCRIBE TABLE ${t}`, /UInt8/],
  ['DESCRIBE (SELECT 1 AS n)', /^n\t/],
  [`EXISTS ${t}`, /^1\n$/],
  [`EXPLAIN SELECT a FROM ${t}`, /ReadFrom/],
  ['SELECT number FROM numbers(3)', /^0\n1\n2\n$/],
];

const isRefusal = (error: unknown): boolean =>
  (error instanceof Misconfigured && error.code === 'sql-read-only') || error instanceof QueryFailed;

/** Registers the suite; part of the contract of the port. */
export function describeReadOnly(opened: () => Clickhouse): void {
  const ask = async (sql: string, changes: Partial<QueryLimits> = {}): Promise<string> =>
    (await opened().readOnly(sql, 'TSV', { ...limits, ...changes })).toString();
  const makeTable = async (): Promise<string> => {
    const name = `r_${randomUUID().replaceAll('-', '')}`;
    await opened().command(`CREATE TABLE ${name} (a UInt8) ENGINE = MergeTree ORDER BY a`);
    await opened().command(`INSERT INTO ${name} VALUES (7)`);
    return name;
  };

  it('read-only: answers what reads, in any format', async () => {
    const table = await makeTable();
    for (const [sql, answer] of reading(table)) assert.match(await ask(sql), answer, sql);
    assert.equal((await opened().readOnly('SELECT 1 AS a', 'JSONEachRow', limits)).toString(), '{"a":1}\n');
  });

  it('read-only: refuses whatever changes something, and changes nothing', async () => {
    const table = await makeTable();
    for (const sql of changing(table)) await assert.rejects(() => ask(sql), isRefusal, sql);
    assert.equal(await ask(`SELECT sum(a), count() FROM ${table}`), '7\t1\n');
    await opened().command(`INSERT INTO ${table} VALUES (8)`);
    assert.equal(await ask(`SELECT count() FROM ${table}`), '2\n', 'the writer is not bound by the mode');
  });

  it('read-only: refuses files, addresses and settings of its own', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-read-only-'));
    const file = join(directory, 'secret.txt');
    const output = join(directory, 'output.txt');
    writeFileSync(file, 'do not read me\n');
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    try {
      for (const sql of reachingOut(file, output, port)) {
        await assert.rejects(() => ask(sql), isRefusal, sql);
        assert.equal(existsSync(output), false, sql);
      }
      assert.equal(connections, 0);
    } finally {
      server.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('read-only: ends a query that needs more than its limits, and says which', async () => {
    const passed = (message: RegExp) => (error: unknown) =>
      error instanceof Misconfigured && error.code === 'sql-limit' && message.test(error.message);
    await assert.rejects(() => ask('SELECT number FROM numbers(1001)'), passed(/RESULT_ROWS_MAX/));
    await assert.rejects(
      () => ask("SELECT repeat('x', 1000 + number) FROM numbers(100)", { resultBytesMax: 10_000 }),
      passed(/RESULT_BYTES_MAX/),
    );
    await assert.rejects(
      () => ask('SELECT count() FROM numbers(10000000000000)', { executionMsMax: 1_000 }),
      passed(/EXECUTION_MS_MAX/),
    );
    await assert.rejects(
      () => ask('SELECT length(groupArray(number)) FROM numbers(100000000)', { memoryBytesMax: 50_000_000 }),
      passed(/MEMORY_BYTES_MAX/),
    );
  });
}
