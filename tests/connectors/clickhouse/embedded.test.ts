// ClickHouse in process: the port's contract, and what only an engine on a directory can get wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { describeClickhouse } from '../../contract/clickhouse.ts';

const embedded = new URL('../../../connectors/clickhouse/embedded.ts', import.meta.url).href;
const root = await mkdtemp(join(tmpdir(), 'millrace-clickhouse-'));
after(() => rm(root, { recursive: true, force: true }));

describeClickhouse('embedded', async () => {
  const clickhouse = await openEmbeddedClickhouse({ directory: join(root, 'contract') });
  return { clickhouse, close: () => clickhouse.close() };
});

/** Runs a module in a process of its own, since chdb has one directory per process. */
async function runModule(source: string, flags: readonly string[] = []): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, '--import', 'tsx', '--input-type=module', '--eval', source],
    { cwd: new URL('../../../', import.meta.url).pathname },
  );
  return stdout;
}

const opening = (directory: string): string => `
  const { openEmbeddedClickhouse } = await import(${JSON.stringify(embedded)});
  try {
    const clickhouse = await openEmbeddedClickhouse({ directory: ${JSON.stringify(directory)} });
    await clickhouse.close();
    process.stdout.write('opened');
  } catch (error) {
    process.stdout.write([error.name, error.code, error.message, error.fix].join(' | '));
  }`;

describe('embedded ClickHouse on a directory', { timeout: 120_000 }, () => {
  it('keeps rows and tokens when it is opened again', async () => {
    const directory = join(root, 'again');
    const insert = {
      table: 'kept',
      columns: ['n'],
      rows: Buffer.from([1, 2, 3]),
      rowCount: 3,
      token: 'kept/0-3',
      deadline: Date.now() + 60_000,
    };
    const first = await openEmbeddedClickhouse({ directory });
    await first.command(
      'CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 10',
    );
    await first.insert(insert);
    await first.close();
    await assert.rejects(() => first.query('SELECT 1'), /closed/);
    const second = await openEmbeddedClickhouse({ directory });
    await second.insert(insert);
    assert.deepEqual(await second.query('SELECT count() AS c FROM kept'), [{ c: 3 }]);
    await second.close();
  });

  it('lets urgent inserts go first, and the others before long', async () => {
    const clickhouse = await openEmbeddedClickhouse({ directory: join(root, 'urgent') });
    await clickhouse.command(
      'CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
    );
    const stored: string[] = [];
    const insert = async (name: string, urgent: boolean): Promise<void> => {
      const rows = Buffer.from([1]);
      const deadline = Date.now() + 60_000;
      await clickhouse.insert({
        table: 't',
        columns: ['n'],
        rows,
        rowCount: 1,
        token: name,
        deadline,
        urgent,
      });
      stored.push(name);
    };
    await insert('first', false);
    // The first of these finds the session free; the others wait for it, whatever their kind.
    await Promise.all([
      ...['a', 'b', 'c'].map((name) => insert(name, false)),
      ...['1', '2', '3', '4', '5', '6'].map((name) => insert(name, true)),
    ]);
    assert.deepEqual(stored, ['first', 'a', '1', '2', '3', '4', 'b', '5', '6', 'c']);
    assert.deepEqual(await clickhouse.query('SELECT count() AS c FROM t'), [{ c: 10 }]);
    await clickhouse.close();
  });

  it('says that another process has the directory', async () => {
    const directory = join(root, 'occupied');
    const clickhouse = await openEmbeddedClickhouse({ directory });
    const said = await runModule(opening(directory));
    await clickhouse.close();
    assert.match(
      said,
      /^Misconfigured \| directory-occupied \| Another process \(\d+\) has .*occupied.* open \| Stop/,
    );
  });

  it('says that the directory cannot be used', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, '');
    await assert.rejects(
      () => openEmbeddedClickhouse({ directory: join(file, 'below') }),
      (error) =>
        error instanceof Misconfigured && error.code === 'directory-unusable' && error.fix.length > 0,
    );
  });

  it('says what to do when chdb is not installed', async () => {
    const hooks = `export const resolve = (name, context, next) => {
      if (name === 'chdb') throw Object.assign(new Error('no chdb'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const register = `import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
    const said = await runModule(opening(join(root, 'missing')), [
      '--import',
      `data:text/javascript,${encodeURIComponent(register)}`,
    ]);
    assert.match(said, /^Misconfigured \| chdb-missing \| .* \| Run `npm install/);
  });
});
