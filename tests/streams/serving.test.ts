// Who serves: moves of aliases that follow from decisions are told from those by hand, whatever clocks say; and a process
// starts with what served before where the release that is to serve cannot be loaded.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ModelStore, openModelStore } from '../../connectors/model-store.ts';
import { type TaskState, untouched } from '../../processors/experiments/task-state.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import type { Decision } from '../../streams/model-ledger.ts';
import { servingReleases } from '../../streams/models.ts';
import { mirror, servingRelease, servingVersions, settle } from '../../streams/serving.ts';
import { publishAs } from './experiments/releases.ts';

const task = 'sentiment';
const directory = await mkdtemp(join(tmpdir(), 'millrace-serving-'));
after(() => rm(directory, { recursive: true, force: true }));
const logger = { warn() {} };

async function storeWith(...versions: readonly string[]): Promise<ModelStore> {
  const store = openModelStore(await mkdtemp(join(directory, 'models-')));
  for (const version of versions) await publishAs(store, version);
  return store;
}

const decided = (version: string, since: number, previous: string | null = null): TaskState => ({
  ...untouched(task),
  serving: { release: `${task}@${version}`, since, by: 'alice' },
  previous: previous === null ? null : `${task}@${previous}`,
});

const reason = (by: string) => ({ by, why: 'better' });

test('a move that follows from a decision is not one by hand, though its machine’s clock be ahead', async () => {
  const store = await storeWith('1.0.0', '2.0.0');
  const long = Date.now() - 3_600_000;
  await mirror(store, { state: () => decided('2.0.0', long) }, task, { logger, reason: reason('alice') });
  const next = decided('1.0.0', long + 1, '2.0.0');
  assert.equal(await servingRelease(store, next), 'sentiment@1.0.0');
  const recorded: Decision[] = [];
  const record = async (decision: Decision) => void recorded.push(decision) as never;
  await settle(store, { state: () => next, record }, task);
  assert.deepEqual(recorded, []);
});

test('a move after the one that mirrors the decision is one by hand, though its machine’s clock be behind', async () => {
  const store = await storeWith('1.0.0', '2.0.0');
  const future = Date.now() + 3_600_000;
  const state = decided('2.0.0', future);
  await store.changeAliases(task, () => ({ champion: '1.0.0' }), reason('bob'));
  await mirror(store, { state: () => state }, task, { logger });
  assert.equal(await servingRelease(store, state), 'sentiment@2.0.0');
  await store.changeAliases(task, () => ({ champion: '1.0.0' }), reason('bob'));
  assert.equal(await servingRelease(store, state), 'sentiment@1.0.0');
});

test('a process starts with what served before, or with what the store says, where the release cannot be loaded', async () => {
  const store = await storeWith('1.0.0', '2.0.0');
  const env = {
    MILLRACE_MODELS_DIRECTORY: store.address,
    MILLRACE_COMMENT_TASKS: task,
    MILLRACE_PROMPT_TASKS: task,
  };
  const configuration = loadConfiguration({ env });
  const startWith = async (state: TaskState) =>
    (await servingReleases(configuration, await servingVersions(store, [state]))).map(
      ({ manifest }) => manifest.release,
    );
  assert.deepEqual(await startWith(decided('2.0.0', 1, '1.0.0')), ['sentiment@2.0.0']);
  assert.deepEqual(await startWith(decided('9.9.9', 1, '1.0.0')), ['sentiment@1.0.0']);
  assert.deepEqual(await startWith(decided('9.9.9', 1)), ['sentiment@2.0.0']);
  const empty = loadConfiguration({ env: { ...env, MILLRACE_MODELS_DIRECTORY: join(directory, 'none') } });
  await assert.rejects(servingReleases(empty, { [task]: ['sentiment@9.9.9'] }), /sentiment@9\.9\.9/);
});
