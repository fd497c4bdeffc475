// What every implementation of the ClickHouse port must do. Tables have names of their own, so that the suite can run
// again and again against one database.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { proveDeduplication } from '../../connectors/clickhouse/deduplication-proof.ts';
import { RowBuffer } from '../../connectors/clickhouse/row-buffer.ts';
import { type Clickhouse, type Insert, QueryFailed } from '../../connectors/clickhouse.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { describeReadOnly } from './read-only.ts';
import { describeWrittenTables } from './written-tables.ts';

export interface ClickhouseUnderTest {
  readonly clickhouse: Clickhouse;
  readonly close: () => Promise<void>;
}

const newTable = (): string => `t_${randomUUID().replaceAll('-', '')}`;
const settings = 'SETTINGS non_replicated_deduplication_window = 100';

/** A table of numbers and texts, with a view that counts rows by text. */
async function makeTable(clickhouse: Clickhouse): Promise<string> {
  const name = newTable();
  await clickhouse.command(
    `CREATE TABLE ${name} (n UInt64, t LowCardinality(String), l Array(Float32)) ENGINE = MergeTree
     PARTITION BY n % 2 ORDER BY n ${settings}`,
  );
  await clickhouse.command(
    `CREATE TABLE ${name}_c (t String, c UInt64) ENGINE = SummingMergeTree ORDER BY t ${settings}`,
  );
  await clickhouse.command(
    `CREATE MATERIALIZED VIEW ${name}_v TO ${name}_c AS SELECT t, count() AS c FROM ${name} GROUP BY t`,
  );
  return name;
}

function insertOf(table: string, from: number, to: number, changes: Partial<Insert> = {}): Insert {
  const rows = new RowBuffer(64);
  for (let n = from; n < to; n += 1) {
    rows.text(n % 3 === 0 ? 'drei' : 'größer\n\0');
    rows.int64(n);
    rows.varint(2);
    rows.float32(0.5);
    rows.float32(-n);
  }
  return {
    table,
    columns: ['t', 'n', 'l'],
    rows: rows.take(),
    rowCount: to - from,
    token: `${table}/${from}-${to}`,
    deadline: Date.now() + 30_000,
    ...changes,
  };
}

async function counts(clickhouse: Clickhouse, table: string): Promise<readonly [number, number, number]> {
  const [row] = await clickhouse.query<{ rows: number; distinct: number; viewed: number }>(
    `SELECT count() AS rows, uniqExact(n) AS distinct, (SELECT sum(c) FROM ${table}_c) AS viewed FROM ${table}`,
  );
  return [row!.rows, row!.distinct, row!.viewed];
}

/** Registers the suite for one implementation. `open` is called once, `close` after the last test. */
export function describeClickhouse(name: string, open: () => Promise<ClickhouseUnderTest>): void {
  describe(`clickhouse contract: ${name}`, { timeout: 300_000 }, () => {
    let subject: ClickhouseUnderTest | undefined;
    const opened = (): Clickhouse => {
      assert.ok(subject, 'ClickHouse did not open');
      return subject.clickhouse;
    };
    before(async () => {
      subject = await open();
    });
    after(() => subject?.close());
    describeQueries(opened);
    describeInserts(opened);
    describeRefusals(opened);
    describeWrittenTables(opened);
    describeReadOnly(opened);
  });
}

function describeQueries(opened: () => Clickhouse): void {
  it('gives rows as objects: whole numbers as numbers, times as text, no rows as none', async () => {
    const rows = await opened().query(
      `SELECT toUInt64(9007199254740991) AS n, true AS b, CAST(NULL, 'Nullable(String)') AS z,
              ['a\nb'] AS l, fromUnixTimestamp64Milli(toInt64(1500), 'UTC') AS t`,
    );
    assert.deepEqual(rows, [
      { n: 9_007_199_254_740_991, b: true, z: null, l: ['a\nb'], t: '1970-01-01 00:00:01.500' },
    ]);
    assert.deepEqual(await opened().query('SELECT 1 WHERE 0'), []);
  });

  it('binds parameters of any text', async () => {
    const text = `it's \\ "quoted"\n\t{x:String} ü`;
    const rows = await opened().query('SELECT {text:String} AS text, {list:Array(UInt32)} AS list', {
      text,
      list: [1, 2],
    });
    assert.deepEqual(rows, [{ text, list: [1, 2] }]);
  });

  it('answers many queries at once, each with its own parameters', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => opened().query<{ n: number }>('SELECT {n:UInt32} AS n', { n })),
    );
    assert.deepEqual(
      answers.map(([row]) => row!.n),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });

  it('gives any format as bytes', async () => {
    assert.equal(
      (await opened().format("SELECT 1 AS a, 'x' AS b", 'CSVWithNames')).toString(),
      '"a","b"\n1,"x"\n',
    );
    assert.deepEqual(await opened().format('SELECT toUInt16(258)', 'RowBinary'), Buffer.from([2, 1]));
  });
}

function describeInserts(opened: () => Clickhouse): void {
  it('inserts a block of rows, columns in the caller’s order', async () => {
    const table = await makeTable(opened());
    await opened().insert(insertOf(table, 0, 10));
    assert.deepEqual(await counts(opened(), table), [10, 10, 10]);
    assert.deepEqual(await opened().query(`SELECT * FROM ${table} WHERE n IN (3, 4) ORDER BY n`), [
      { n: 3, t: 'drei', l: [0.5, -3] },
      { n: 4, t: 'größer\n\0', l: [0.5, -4] },
    ]);
  });

  it('keeps one of equal tokens, in the table and in its view', async () => {
    const table = await makeTable(opened());
    for (let attempt = 0; attempt < 3; attempt += 1) await opened().insert(insertOf(table, 0, 100));
    await opened().insert(insertOf(table, 100, 200));
    await opened().insert(insertOf(table, 0, 100));
    assert.deepEqual(await counts(opened(), table), [200, 200, 200]);
  });

  it('keeps equal rows under different tokens', async () => {
    const table = await makeTable(opened());
    await opened().insert(insertOf(table, 0, 5, { token: 'a' }));
    await opened().insert(insertOf(table, 0, 5, { token: 'b' }));
    assert.deepEqual(await counts(opened(), table), [10, 5, 10]);
  });

  it('takes 100,000 rows as one block: a repeat changes nothing', async () => {
    const table = await makeTable(opened());
    const insert = insertOf(table, 0, 100_000);
    await opened().insert(insert);
    await opened().insert({ ...insert, deadline: Date.now() + 30_000 });
    assert.deepEqual(await counts(opened(), table), [100_000, 100_000, 100_000]);
  });

  it('inserts from several callers at once', async () => {
    const table = await makeTable(opened());
    const starts = Array.from({ length: 12 }, (_, index) => index * 100);
    await Promise.all(starts.map((start) => opened().insert(insertOf(table, start, start + 100))));
    assert.deepEqual(await counts(opened(), table), [1_200, 1_200, 1_200]);
  });

  it('refuses an insert after its deadline, and takes it again with a new one', async () => {
    const table = await makeTable(opened());
    const late = insertOf(table, 0, 10, { deadline: Date.now() - 1 });
    await assert.rejects(
      () => opened().insert(late),
      (error) => error instanceof Retryable && error.code === 'insert-deadline',
    );
    assert.deepEqual(await counts(opened(), table), [0, 0, 0]);
    await opened().insert({ ...late, deadline: Date.now() + 30_000 });
    assert.deepEqual(await counts(opened(), table), [10, 10, 10]);
  });

  it('says when fewer rows were written than were announced', async () => {
    const table = await makeTable(opened());
    await assert.rejects(
      () => opened().insert(insertOf(table, 0, 2, { rowCount: 50 })),
      (error) => error instanceof Retryable && error.code === 'insert-short',
    );
    // Rows that went into a view do not stand for rows that are missing in the table.
    await assert.rejects(
      () => opened().insert(insertOf(table, 0, 3, { rowCount: 4 })),
      (error) => error instanceof Retryable && error.code === 'insert-short',
    );
    assert.deepEqual(await counts(opened(), table), [0, 0, 0]);
  });

  it('sees columns that a migration added', async () => {
    const table = await makeTable(opened());
    await opened().insert(insertOf(table, 0, 1));
    await opened().command(`ALTER TABLE ${table} ADD COLUMN extra UInt8`);
    const insert = { ...insertOf(table, 1, 2), columns: ['extra'], rows: Buffer.from([7]) };
    await assert.rejects(() => opened().insert(insert), QueryFailed);
    await opened().insert(insert);
    assert.deepEqual(await opened().query(`SELECT extra FROM ${table} ORDER BY extra`), [
      { extra: 0 },
      { extra: 7 },
    ]);
  });

  it('proves that it deduplicates, and leaves nothing behind', async () => {
    await proveDeduplication(opened());
    assert.deepEqual(
      await opened().query("SELECT name FROM system.tables WHERE name LIKE 'deduplication_proof%'"),
      [],
    );
  });

  it('is found out when it does not deduplicate', async () => {
    // The same ClickHouse with the window taken away: what a server without it would do.
    const careless: Clickhouse = {
      query: (sql, parameters) => opened().query(sql, parameters),
      command: (sql) =>
        opened().command(sql.replace(/deduplication_window = \d+/, 'deduplication_window = 0')),
      format: (sql, format) => opened().format(sql, format),
      readOnly: (sql, format, limits) => opened().readOnly(sql, format, limits),
      insert: (insert) => opened().insert(insert),
      close: async () => {},
    };
    await assert.rejects(
      () => proveDeduplication(careless),
      (error) => error instanceof Misconfigured && error.code === 'no-deduplication',
    );
  });
}

function describeRefusals(opened: () => Clickhouse): void {
  it('tells bad SQL by ClickHouse’s number and goes on', async () => {
    const unknownIdentifier = 47;
    await assert.rejects(
      () => opened().query('SELECT nowhere'),
      (error) => error instanceof QueryFailed && error.code === unknownIdentifier,
    );
    await assert.rejects(() => opened().command('CREATE TABLE'), QueryFailed);
    await assert.rejects(() => opened().format('SELECT 1', 'NoSuchFormat'), QueryFailed);
    assert.deepEqual(await opened().query('SELECT 1 AS one'), [{ one: 1 }]);
  });

  it('tells an unwell server from bad SQL: too little time, too little memory', async () => {
    await assert.rejects(
      () =>
        opened().query(
          'SELECT sleepEachRow(1) FROM numbers(5) SETTINGS max_execution_time = 1, max_block_size = 1',
        ),
      (error) => error instanceof Retryable && error.code === 'clickhouse-timeout',
    );
    await assert.rejects(
      () =>
        opened().query(
          'SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000',
        ),
      (error) => error instanceof Retryable && error.code === 'clickhouse-memory',
    );
  });

  it('refuses rows that do not fit and tables that are not there, and names them', async () => {
    const table = await makeTable(opened());
    const torn = insertOf(table, 0, 3);
    await assert.rejects(
      () => opened().insert({ ...torn, rows: torn.rows.subarray(0, -2) }),
      (error) => error instanceof QueryFailed && error.message.includes(table),
    );
    assert.deepEqual(await counts(opened(), table), [0, 0, 0]);
    await assert.rejects(
      () => opened().insert(insertOf('nowhere_to_be_found', 0, 1)),
      (error) => error instanceof QueryFailed && error.message.includes('nowhere_to_be_found'),
    );
    await assert.rejects(() => opened().insert({ ...torn, rowCount: 2_000_000 }), RangeError);
  });
}
