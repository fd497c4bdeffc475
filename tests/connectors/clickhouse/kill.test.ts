// kill -9 of a process that holds the sink and ClickHouse, at moments all over its work: when it has been let finish,
// every row is there once and the view has counted each once.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { compiler } from '../../../infra/compiled.mjs';

const records = 1_000;

/** Starts the sink and kills it when it has said `inserts` times that it inserted, plus a delay; true when it finished. */
async function killedAfter(directory: string, inserts: number, delayMs: number): Promise<boolean> {
  const program = fileURLToPath(new URL('killed-sink.ts', import.meta.url));
  const sink = fork(compiler, [program, directory, String(records)], { execArgv: [] });
  let seen = 0;
  sink.on('message', (said) => {
    if (said === 'inserted') seen += 1;
    if (seen === inserts) setTimeout(() => sink.kill('SIGKILL'), delayMs);
  });
  const [code, signal] = await once(sink, 'exit');
  assert.ok(code === 0 || signal === 'SIGKILL', `the sink ended with ${code ?? signal}`);
  return code === 0;
}

it('loses and doubles nothing through kill -9', { timeout: 120_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  for (const [inserts, delayMs] of [
    [0, 0],
    [0, 15],
    [1, 0],
    [1, 5],
    [2, 10],
    [2, 20],
    [3, 30],
  ] as const) {
    assert.equal(
      await killedAfter(directory, inserts, delayMs),
      false,
      'the sink finished before it was killed',
    );
  }
  assert.ok(await killedAfter(directory, Number.POSITIVE_INFINITY, 0));
  const clickhouse = await openEmbeddedClickhouse({ directory: join(directory, 'clickhouse') });
  const [seen] = await clickhouse.query(
    `SELECT count() AS rows, uniqExact(_offset) AS distinct, min(_offset) AS first, max(_offset) AS last,
            (SELECT sum(count) FROM histograms WHERE feature = 'label') AS viewed
     FROM predictions`,
  );
  await clickhouse.close();
  assert.deepEqual(seen, { rows: records, distinct: records, first: 0, last: records - 1, viewed: records });
});
