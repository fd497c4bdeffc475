// ClickHouse over HTTP: the port's contract through the real client, against the stand-in of server.ts, and against
// the server that CLICKHOUSE_URL names where there is one. And what only a connection can get wrong.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { proveDeduplication } from '../../../connectors/clickhouse/deduplication-proof.ts';
import { openHttpClickhouse } from '../../../connectors/clickhouse/http.ts';
import { compiler } from '../../../infra/compiled.mjs';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';
import { describeClickhouse } from '../../contract/clickhouse.ts';

const program = fileURLToPath(new URL('server.ts', import.meta.url));
const child = fork(compiler, [program], { execArgv: [] });
const [port] = await once(child, 'message');
after(async () => {
  child.disconnect();
  await once(child, 'exit');
});
const options = { url: `http://127.0.0.1:${port}`, user: 'tester', password: 'secret', database: 'default' };

describeClickhouse('http', async () => {
  const clickhouse = await openHttpClickhouse(options);
  return { clickhouse, close: () => clickhouse.close() };
});

const { CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD, CLICKHOUSE_DATABASE } = process.env;
if (CLICKHOUSE_URL) {
  describeClickhouse('http, a real server', async () => {
    const clickhouse = await openHttpClickhouse({
      url: CLICKHOUSE_URL,
      user: CLICKHOUSE_USER ?? 'default',
      password: CLICKHOUSE_PASSWORD ?? '',
      database: CLICKHOUSE_DATABASE ?? 'default',
    });
    return { clickhouse, close: () => clickhouse.close() };
  });
}

const fails = (error: unknown, kind: typeof Misconfigured | typeof Retryable, code: string): boolean =>
  error instanceof kind && error.code === code;

describe('a server that does not deduplicate', { timeout: 120_000 }, () => {
  const enforcing = async (setting: string, t: TestContext) => {
    const server = fork(compiler, [program, '--enforce', setting], { execArgv: [] });
    t.after(async () => {
      server.disconnect();
      await once(server, 'exit');
    });
    const [at] = await once(server, 'message');
    const clickhouse = await openHttpClickhouse({ ...options, url: `http://127.0.0.1:${at}` });
    t.after(() => clickhouse.close());
    return clickhouse;
  };

  it('is refused when only its views do not', async (t) => {
    const clickhouse = await enforcing('deduplicate_blocks_in_dependent_materialized_views = 0', t);
    await assert.rejects(
      () => proveDeduplication(clickhouse),
      (error) => fails(error, Misconfigured, 'no-deduplication') && /table holds 6 rows/.test(String(error)),
    );
  });

  it('is refused when its inserts do not', async (t) => {
    const clickhouse = await enforcing('non_replicated_deduplication_window = 0', t);
    await assert.rejects(
      () => proveDeduplication(clickhouse),
      (error) => fails(error, Misconfigured, 'no-deduplication'),
    );
  });

  it('is refused when it does not take a setting that inserts need', async (t) => {
    const clickhouse = await enforcing('max_insert_threads = forbidden', t);
    await assert.rejects(
      () => proveDeduplication(clickhouse),
      (error) => fails(error, Misconfigured, 'proof-prevented'),
    );
  });
});

describe('connecting to ClickHouse over HTTP', () => {
  it('refuses an address that is none: without one, the client would silently take localhost', async () => {
    for (const url of ['', 'clickhouse:8123', 'tcp://clickhouse:9000', 'http://']) {
      await assert.rejects(
        () => openHttpClickhouse({ ...options, url }),
        (error) => fails(error, Misconfigured, 'clickhouse-url'),
      );
    }
  });

  it('tells wrong credentials and a wrong database from a server that is down', async () => {
    await assert.rejects(
      () => openHttpClickhouse({ ...options, password: 'wrong' }),
      (error) => fails(error, Misconfigured, 'clickhouse-login'),
    );
    await assert.rejects(
      () => openHttpClickhouse({ ...options, database: 'nowhere' }),
      (error) => fails(error, Misconfigured, 'clickhouse-database'),
    );
  });

  it('is worth another try when nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port: free } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    await assert.rejects(
      () => openHttpClickhouse({ ...options, url: `http://127.0.0.1:${free}` }),
      (error) => fails(error, Retryable, 'clickhouse-unreachable'),
    );
  });

  it('is worth another try when the connection breaks or nothing comes back in time', async () => {
    const broken = createServer((socket) => socket.once('data', () => socket.destroy())).listen(
      0,
      '127.0.0.1',
    );
    const silent = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(broken, 'listening'), once(silent, 'listening')]);
    for (const server of [broken, silent]) {
      const { port: bad } = server.address() as AddressInfo;
      await assert.rejects(
        () => openHttpClickhouse({ ...options, url: `http://127.0.0.1:${bad}`, requestTimeoutMs: 200 }),
        (error) => fails(error, Retryable, 'clickhouse-unreachable'),
      );
    }
    broken.close();
    silent.close();
  });
});
