// Releases that take over while texts are answered: nothing is lost or mixed up, a bad one changes nothing, and memory
// comes back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answers, createEngine, type EngineOptions } from '../../../processors/inference/engine.ts';
import type { LoadableModel } from '../../../schemas/model-manifest.ts';
import { loadable } from './transformer/golden.ts';

/** The fixture under a version of its own. */
const releaseOf = (version: string): LoadableModel => {
  const { manifest, files } = loadable('bert');
  return { manifest: { ...manifest, version, release: `bert@${version}` }, files };
};

async function openEngine(options: Partial<EngineOptions> = {}) {
  const engine = await createEngine({ models: [releaseOf('1.0.0')], workers: 1, inlineMsMax: 0, ...options });
  after(() => engine.close());
  return engine;
}

const texts = Array.from({ length: 48 }, (_, at) => 'so it goes '.repeat(1 + ((at * 7) % 20)));
const mebibyte = 1_048_576;

function assertEqualValues(answers: Answers, expected: Answers): void {
  const worst = answers.probabilities.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - expected.probabilities[at]!)),
    0,
  );
  assert.ok(worst < 1e-4, `answers differ by ${worst}`);
}

test('seven swaps under load: every call is answered, by one release, and memory comes back', async () => {
  const engine = await openEngine();
  const [expected] = await engine.predict(['bert'], texts);
  const seen = new Set<string>();
  let asking = true;
  let calls = 0;
  const ask = async () => {
    while (asking) {
      const [answers] = await engine.predict(['bert'], texts, {
        priority: calls % 4 === 0 ? 'request' : 'stream',
      });
      calls++;
      seen.add(answers!.release);
      assertEqualValues(answers!, expected!);
      await sleep(5);
    }
  };
  const asked = Promise.all([ask(), ask()]);
  let settledBytes = 0;
  for (let swap = 1; swap <= 7; swap++) {
    const before = calls;
    await engine.swap([releaseOf(`1.${swap}.0`)]);
    assert.equal(engine.manifests[0]!.release, `bert@1.${swap}.0`);
    assert.ok(calls > before, 'calls went on while the release was loaded');
    // The first swaps fill what the process keeps for itself.
    if (swap === 3) settledBytes = process.memoryUsage.rss();
  }
  asking = false;
  await asked;
  assert.ok(seen.has('bert@1.0.0') && seen.size > 4, `answers of ${[...seen].join(', ')}`);
  const grown = (process.memoryUsage.rss() - settledBytes) / mebibyte;
  // A worker thread that stayed would be 30 MiB and more, for each swap.
  assert.ok(grown < 100, `${grown.toFixed(0)} MiB more after four swaps`);
});

test('what waits when a release takes over is answered by the one that accepted it', async () => {
  const engine = await openEngine();
  const before = Array.from({ length: 30 }, () => engine.predict(['bert'], texts));
  const swapped = engine.swap([releaseOf('2.0.0')]);
  for (const answers of await Promise.all(before)) assert.equal(answers[0]!.release, 'bert@1.0.0');
  await swapped;
  const [after] = await engine.predict(['bert'], texts);
  assert.equal(after!.release, 'bert@2.0.0');
});

test('a release that cannot be loaded changes nothing, and the next swap goes on', async () => {
  const engine = await openEngine();
  const { manifest, files } = releaseOf('2.0.0');
  const broken = { manifest, files: new Map([...files, ['model.onnx', Uint8Array.of(1, 2, 3)] as const]) };
  const refused = assert.rejects(engine.swap([broken]), { name: 'Misconfigured', code: 'model-refused' });
  const second = engine.swap([releaseOf('3.0.0')]);
  await refused;
  assert.equal((await engine.predict(['bert'], texts))[0]!.release.startsWith('bert@'), true);
  await second;
  assert.equal(engine.manifests[0]!.release, 'bert@3.0.0');
});

test('an engine that closes while a release is loaded ends both', async () => {
  const engine = await openEngine();
  const answered = engine.predict(['bert'], texts);
  const swapped = assert.rejects(engine.swap([releaseOf('2.0.0')]), { code: 'engine-closed' });
  await engine.close();
  await swapped;
  assert.equal((await answered)[0]!.release, 'bert@1.0.0');
  await assert.rejects(engine.predict(['bert'], texts), { code: 'engine-closed' });
});
