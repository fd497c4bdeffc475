// Which candidates are on trial in a process, and in which order, as the ledger goes on and releases are loaded.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModelStore } from '../../../connectors/model-store.ts';
import { type Experiment, type TaskState, untouched } from '../../../processors/experiments/task-state.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openCandidates } from '../../../streams/experiments/candidates.ts';
import { scratchDirectory } from '../../e2e/running.ts';
import { publishAs } from './releases.ts';

const directory = scratchDirectory();
after(() => directory.remove());
const loadable = await publishAs(openModelStore(directory.path), '1.1.0');
const control = 'sentiment@1.0.0';

const experimentOf = (treatment: string, said: Partial<Experiment> = {}): Experiment => ({
  ...{ id: `e-${treatment}`, control, treatment, stage: 'canary', shadowedAt: 1, canariedAt: 2 },
  ...{ share: 0.1, request: null, definition: {} },
  ...said,
});

/** A process whose ledger says what it is told to, and whose engine serves the control until it is told otherwise. */
async function processWith(experiments: readonly Experiment[]) {
  const since = { release: control, since: 1, by: null };
  let state: TaskState = { ...untouched('sentiment'), serving: since, experiments };
  let decided: (state: TaskState, event: { event: string }) => void = () => {};
  const engine = { manifests: [{ task: 'sentiment', release: control }] };
  const ledger = {
    get states() {
      return [state];
    },
    state: () => state,
    onDecision: (listener: typeof decided) => {
      decided = listener;
      return () => {};
    },
  };
  const stack = {
    configuration: loadConfiguration({ env: { MILLRACE_MODELS_DIRECTORY: directory.path } }),
    // Baselines of a release that can be loaded are stored before it answers.
    clickhouse: { query: () => Promise.reject(new Retryable('ClickHouse is away', { code: 'clickhouse' })) },
    logger: { info() {}, warn() {}, error() {} },
    metrics: { inferenceTexts: { add() {} } },
  };
  const candidates = await openCandidates(stack as never, ledger as never, engine as never);
  return {
    shown: () => candidates.trials().map(({ treatment, stage, share }) => `${treatment} ${stage} ${share}`),
    decide(event: string, changes: Partial<TaskState>) {
      state = { ...state, ...changes };
      decided(state, { event });
    },
    load(release: string) {
      engine.manifests[0]!.release = release;
    },
    close: () => candidates.close(),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

test('all of a task are on trial, in the order of the ledger,', async () => {
  const shadow = experimentOf('sentiment@3.0.0', { stage: 'shadow', definition: { shadowShare: '0.5' } });
  const canary = experimentOf('sentiment@2.0.0', { share: 0.3 });
  const worker = await processWith([shadow, canary]);
  assert.deepEqual(worker.shown(), ['sentiment@3.0.0 shadow 0.5', 'sentiment@2.0.0 canary 0.3']);
  worker.decide('rolled-back', { experiments: [canary] });
  assert.deepEqual(worker.shown(), ['sentiment@2.0.0 canary 0.3'], 'at once');
  await worker.close();
});

test('a canary that is not loaded yet keeps those after it from taking its people, and no shadow', async () => {
  const shadow = experimentOf('sentiment@3.0.0', { stage: 'shadow' });
  const [first, second] = [experimentOf(loadable), experimentOf('sentiment@2.0.0')];
  const worker = await processWith([first, second, shadow]);
  assert.deepEqual(worker.shown(), ['sentiment@3.0.0 shadow 1']);
  worker.decide('rolled-back', { experiments: [second, shadow] });
  assert.deepEqual(worker.shown(), ['sentiment@2.0.0 canary 0.1', 'sentiment@3.0.0 shadow 1']);
  await worker.close();
});

test('a promoted one serves its people until it is loaded as the champion, and what begins then waits so long', async () => {
  const [first, second] = [experimentOf('sentiment@2.0.0'), experimentOf('sentiment@3.0.0')];
  const worker = await processWith([first, second]);
  const serving = { release: 'sentiment@3.0.0', since: 3, by: null };
  worker.decide('promoted', { experiments: [], serving });
  assert.deepEqual(worker.shown(), ['sentiment@3.0.0 canary 0.1']);
  const next = experimentOf('sentiment@4.0.0', { control: 'sentiment@3.0.0', stage: 'shadow' });
  worker.decide('shadowed', { experiments: [next] });
  await settled();
  assert.deepEqual(worker.shown(), ['sentiment@3.0.0 canary 0.1']);
  worker.load('sentiment@3.0.0');
  for (let tries = 0; tries < 40 && !worker.shown()[0]?.startsWith('sentiment@4'); tries++) await settled();
  assert.deepEqual(worker.shown(), ['sentiment@4.0.0 shadow 1']);
  await worker.close();
});
