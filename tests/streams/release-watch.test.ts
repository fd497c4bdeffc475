// Releases are taken over task by task: one that cannot be loaded, or does not run, keeps no other from its rollback.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../connectors/metrics.ts';
import { openModelStore } from '../../connectors/model-store.ts';
import { untouched } from '../../processors/experiments/task-state.ts';
import type { ModelManifest, ModelRelease } from '../../schemas/model-manifest.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { keepInHand } from '../../streams/models.ts';
import { watchReleases } from '../../streams/release-watch.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-watch-'));
after(() => rm(directory, { recursive: true, force: true }));
const shipped = openModelStore('models');
const [sentiment, toxicity] = [await shipped.manifest('sentiment'), await shipped.manifest('toxicity')];
for (const { task, version } of [sentiment, toxicity])
  await cp(`models/${task}/${version}`, join(directory, task, version), { recursive: true }).catch(() =>
    cp(`models/${task}@${version}`, join(directory, `${task}@${version}`), { recursive: true }),
  );

/** The releases that serve after a moment, when the ledger says `decided`; one of `broken` does not run. */
async function servedAfter(
  before: readonly ModelManifest[],
  decided: Readonly<Record<string, string>>,
  broken: readonly string[] = [],
) {
  const errors: string[] = [];
  const engine = {
    manifests: before,
    swap: async (releases: readonly ModelRelease[]) => {
      if (releases.some(({ manifest }) => broken.includes(manifest.release))) throw new Error('does not run');
      engine.manifests = releases.map(({ manifest }) => manifest);
    },
  };
  keepInHand(
    engine,
    before.map((manifest) => ({ manifest, files: new Map(), baselines: [] })),
  );
  const env = { MILLRACE_MODELS_DIRECTORY: directory, MILLRACE_MODELS_REFRESH_MS: '50' };
  const metrics = createMetrics();
  const stop = watchReleases(
    {
      configuration: loadConfiguration({ env }),
      logger: { info() {}, error: ({ release }: { release: string }) => errors.push(release) },
      metrics,
      clickhouse: { insert: async () => {}, query: async () => [{ ms: Date.now() }] },
    } as never,
    engine as never,
    {
      state: (task: string) => ({
        ...untouched(task),
        serving: decided[task] === undefined ? null : { release: decided[task], since: Date.now(), by: 'x' },
      }),
      onDecision: () => () => {},
    },
  );
  await sleep(400);
  await stop();
  const served = engine.manifests.map(({ release }) => release);
  return { served, errors: new Set(errors), printed: await metrics.print() };
}

const as = (manifest: ModelManifest, version: string): ModelManifest => ({
  ...manifest,
  version,
  release: `${manifest.task}@${version}`,
});

test('a release that is gone keeps its task as it is, and no other from its rollback', async () => {
  const { served, errors, printed } = await servedAfter([as(sentiment, '0.0.7'), as(toxicity, '9.9.8')], {
    sentiment: 'sentiment@9.9.9',
    toxicity: toxicity.release,
  });
  // What goes on serving is not asked of the store, which has lost it.
  assert.deepEqual(served, ['sentiment@0.0.7', toxicity.release]);
  assert.deepEqual([...errors], ['sentiment@9.9.9']);
  assert.match(printed, /inference_swaps_total\{outcome="failed"\} [1-9]/);
  assert.match(printed, /inference_swaps_total\{outcome="done"\} 1\b/);
});

test('one that does not run keeps no other from its rollback', async () => {
  const { served, errors } = await servedAfter(
    [as(sentiment, '0.0.7'), as(toxicity, '9.9.8')],
    { sentiment: sentiment.release, toxicity: toxicity.release },
    [sentiment.release],
  );
  assert.deepEqual(served, ['sentiment@0.0.7', toxicity.release]);
  assert.deepEqual([...errors], [sentiment.release]);
});
