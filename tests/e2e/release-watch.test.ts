// A running system takes over a release that was promoted, and goes back with a rollback: without a restart, with its
// baseline stored first, and with every message answered once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ModelStore, openModelStore } from '../../connectors/model-store.ts';
import { publishAs } from '../streams/experiments/releases.ts';
import { type Running, recordOf, scratchDirectory, startRunning } from './running.ts';

const waitMs = 120_000;
const time = Date.UTC(2026, 0, 2);

const serve = (store: ModelStore, version: string) =>
  store.changeAliases('sentiment', () => ({ champion: version }), {
    by: 'test',
    why: 'to see it taken over',
  });

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `${what}: not in ${waitMs / 1_000} s`);
    await sleep(20);
  }
}

async function countIn({ stack }: Running, condition: string, release: string): Promise<number> {
  const rows = await stack.clickhouse.query<{ count: number }>(
    `SELECT toUInt32(count()) AS count FROM ${condition}`,
    { release },
  );
  return rows[0]!.count;
}

const answersOf = (running: Running, release: string): Promise<number> =>
  countIn(running, 'predictions WHERE has(results.release, {release:String})', release);
const baselinesOf = (running: Running, release: string): Promise<number> =>
  countIn(running, 'baselines FINAL WHERE release = {release:String}', release);

/** Publishes comments without a pause until `release` has answered more than it has by now. */
async function askUntilAnsweredBy(
  running: Running,
  release: string,
  asked: { count: number },
): Promise<void> {
  const before = await answersOf(running, release);
  await until(async () => {
    const id = `c${asked.count++}`;
    const comment = { id, text: 'what a day', eventTime: time, ingestTime: time, source: 'test' };
    await running.stack.log.publish([{ topic: 'comments', records: [recordOf(comment, id)] }]);
    return (await answersOf(running, release)) > before;
  }, `${release} answers`);
}

test('a promoted release answers in a running system, and the one before after a rollback', async () => {
  const directory = scratchDirectory();
  const store = openModelStore(`${directory.path}/models`);
  await publishAs(store, '1.0.0');
  await publishAs(store, '1.1.0');
  await publishAs(store, '9.9.9', { files: { 'model.onnx': Buffer.of(1, 2, 3) } });
  await serve(store, '1.0.0');
  const running = await startRunning(`${directory.path}/data`, {
    MILLRACE_MODELS_DIRECTORY: `${directory.path}/models`,
    MILLRACE_COMMENT_TASKS: 'sentiment',
    MILLRACE_PROMPT_TASKS: 'sentiment',
    MILLRACE_MODELS_REFRESH_MS: '50',
    MILLRACE_LOG_LEVEL: 'silent',
  });
  const swaps = async (outcome: string) => {
    const printed = await running.stack.metrics.print();
    return printed.includes(`millrace_inference_swaps_total{outcome="${outcome}"}`);
  };
  try {
    const asked = { count: 0 };
    await askUntilAnsweredBy(running, 'sentiment@1.0.0', asked);
    assert.equal(await baselinesOf(running, 'sentiment@1.1.0'), 0);
    await serve(store, '1.1.0');
    await askUntilAnsweredBy(running, 'sentiment@1.1.0', asked);
    assert.ok((await baselinesOf(running, 'sentiment@1.1.0')) > 0);
    await until(() => swaps('done'), 'the swap is counted');
    // What cannot be loaded is counted, and what serves goes on.
    await serve(store, '9.9.9');
    await until(() => swaps('failed'), 'the damaged release is noticed');
    await askUntilAnsweredBy(running, 'sentiment@1.1.0', asked);
    await running.settled();
    await serve(store, '1.0.0');
    await askUntilAnsweredBy(running, 'sentiment@1.0.0', asked);
    await running.settled();
    const rows = await running.stack.clickhouse.query<{ rows: number; ids: number }>(
      'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(messageId)) AS ids FROM predictions',
    );
    assert.deepEqual(rows, [{ rows: asked.count, ids: asked.count }]);
  } finally {
    await running.close();
    directory.remove();
  }
});
