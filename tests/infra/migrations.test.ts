// The migrations give the tables that the declarations print, are applied once, and refuse to be edited.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../connectors/clickhouse/migrations.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { printClickhouse, tableName } from '../../schemas/print/clickhouse.ts';
import { topics } from '../../schemas/topics.ts';

const root = await mkdtemp(join(tmpdir(), 'millrace-migrations-'));
const clickhouse = await openEmbeddedClickhouse({ directory: join(root, 'clickhouse') });
after(async () => {
  await clickhouse.close();
  await rm(root, { recursive: true, force: true });
});
const migrations = await readMigrations();

/** Everything about the tables of a database that a CREATE TABLE decides. */
async function described(database: string) {
  const tables = topics.map(tableName);
  const where = 'WHERE database = {database:String} AND table IN {tables:Array(String)}';
  return {
    columns: await clickhouse.query(
      `SELECT table, position, name, type, comment, compression_codec FROM system.columns ${where} ORDER BY table, position`,
      { database, tables },
    ),
    // Settings come in the order in which they were made.
    tables: await clickhouse.query(
      `SELECT name, engine, arraySort(splitByRegexp(', | SETTINGS ', engine_full)) AS engineFull, partition_key, sorting_key, comment FROM system.tables
       WHERE database = {database:String} AND name IN {tables:Array(String)} ORDER BY name`,
      { database, tables },
    ),
    indexes: await clickhouse.query(
      `SELECT table, name, type_full, expr, granularity FROM system.data_skipping_indices ${where} ORDER BY table, name`,
      { database, tables },
    ),
  };
}

describe('migrations', { timeout: 120_000 }, () => {
  it('are harmless when two processes start at once', async () => {
    const [first, second] = await Promise.all([
      applyMigrations(clickhouse, migrations),
      applyMigrations(clickhouse, migrations),
    ]);
    assert.deepEqual(new Set([...first, ...second]), new Set(migrations.map(({ file }) => file)));
    const recorded = await clickhouse.query(
      'SELECT number, file, hash FROM migrations FINAL ORDER BY number',
    );
    assert.deepEqual(
      recorded,
      migrations.map(({ number, file, hash }) => ({ number, file, hash })),
    );
  });

  it('give the tables that the declarations print', async () => {
    await clickhouse.command('CREATE DATABASE printed');
    for (const topic of topics) {
      await clickhouse.command(
        printClickhouse(topic).replace('IF NOT EXISTS ', 'printed.').replace(/;$/, ''),
      );
    }
    const printed = await described('printed');
    assert.equal(printed.tables.length, topics.length);
    assert.deepEqual(await described('default'), printed);
  });

  it('remember tokens in every table and in every target of a view', async () => {
    const forgetful = await clickhouse.query(
      `SELECT name FROM system.tables
       WHERE database = 'default' AND engine LIKE '%MergeTree' AND name != 'migrations'
         AND engine_full NOT LIKE '%non_replicated_deduplication_window = 10000%'`,
    );
    assert.deepEqual(forgetful, []);
  });

  it('are not applied again', async () => {
    assert.deepEqual(await applyMigrations(clickhouse, migrations), []);
  });

  it('go on where they stopped, and only there', async () => {
    const statements = ['CREATE TABLE IF NOT EXISTS later (n UInt8) ENGINE = MergeTree ORDER BY n'];
    const later = { number: migrations.length + 1, file: 'later.sql', statements, hash: 'h' };
    assert.deepEqual(await applyMigrations(clickhouse, [...migrations, later]), ['later.sql']);
    assert.deepEqual(await clickhouse.query('SELECT count() AS c FROM later'), [{ c: 0 }]);
  });

  it('must not be edited once applied', async () => {
    const edited = migrations.map((migration, index) =>
      index === 0 ? { ...migration, hash: 'other' } : migration,
    );
    await assert.rejects(
      () => applyMigrations(clickhouse, edited),
      (error) =>
        error instanceof Misconfigured &&
        error.code === 'migration-edited' &&
        error.message.includes(migrations[0]!.file),
    );
  });

  it('consist of statements that may be repeated', () => {
    for (const { file, statements } of migrations) {
      assert.ok(statements.length > 0, `${file} is empty`);
      for (const statement of statements)
        assert.match(
          statement,
          /IF (NOT )?EXISTS|CREATE OR REPLACE VIEW| MODIFY (SETTING|COMMENT) | COMMENT COLUMN /,
          file,
        );
    }
  });

  it('are numbered without gaps', async () => {
    const directory = join(root, 'gap');
    await mkdir(directory);
    await writeFile(
      join(directory, '0001_first.sql'),
      '-- a comment; with a semicolon\nSELECT 1;\n\nSELECT 2;\n-- end\n',
    );
    assert.deepEqual(
      (await readMigrations(directory)).map(({ statements }) => statements),
      [['-- a comment; with a semicolon\nSELECT 1', 'SELECT 2']],
    );
    await writeFile(join(directory, '0003_third.sql'), 'SELECT 3;');
    await assert.rejects(
      () => readMigrations(directory),
      (error) =>
        error instanceof Misconfigured && error.code === 'migration-name' && error.fix.includes('0002'),
    );
  });
});
