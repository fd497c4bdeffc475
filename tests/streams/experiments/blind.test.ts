// An experiment ends although nobody can read its figures: when its time is over, when its control is gone, and when a
// canary goes on unseen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, type TaskState, untouched } from '../../../processors/experiments/task-state.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { startExperiments } from '../../../streams/experiments/experiments.ts';
import { Sight } from '../../../streams/experiments/sight.ts';
import type { Decision } from '../../../streams/model-ledger.ts';

const began = Date.UTC(2026, 0, 2);
const day = 86_400_000;
const minute = 60_000;

const canary: Experiment = {
  ...{ id: 'e', control: 'sentiment@1.0.0', treatment: 'sentiment@1.1.0', stage: 'canary', request: null },
  ...{ shadowedAt: began, canariedAt: began, share: 0.1 },
  definition: { until: new Date(began + day).toISOString() },
};

/** What the job decides by itself within a moment, while ClickHouse is away; the clock goes a minute with each look. */
async function decidedWith({
  now = began,
  serving = canary.control,
  experiments = [canary],
  candidate = null,
}: Partial<Pick<TaskState, 'experiments' | 'candidate'>> & {
  readonly now?: number;
  readonly serving?: string;
} = {}) {
  const clock = { now };
  const recorded: Omit<Decision, 'of'>[] = [];
  const since = { release: serving, since: began, by: 'somebody' };
  const state = { ...untouched('sentiment'), serving: since, experiments, candidate };
  const ledger = {
    states: [state],
    state: () => state,
    onDecision: () => () => {},
    record: async (decision: Decision) => {
      recorded.push(decision);
      return { event: {}, counted: true };
    },
  };
  const stack = {
    configuration: loadConfiguration({ env: { MILLRACE_EXPERIMENTS_EVERY_MS: '100' } }),
    clickhouse: { query: () => Promise.reject(new Retryable('ClickHouse is away', { code: 'clickhouse' })) },
    log: { ranges: async () => [] },
    logger: { info() {}, warn() {}, error() {} },
    now: () => {
      clock.now += minute;
      return clock.now;
    },
  };
  const stop = await startExperiments(stack as never, ledger as never);
  const deadline = performance.now() + 3_000;
  while (recorded.length === 0 && performance.now() < deadline) await sleep(20);
  await stop();
  return recorded.map(({ event, reason }) => `${event} ${reason}`);
}

test('its time is over', async () => {
  const [decided] = await decidedWith({ now: began + day });
  assert.match(decided ?? '', /^rolled-back .*its figures cannot be read/);
});

test('its control was replaced', async () => {
  const [decided] = await decidedWith({ serving: 'sentiment@0.9.0' });
  assert.match(decided ?? '', /^rolled-back sentiment@0\.9\.0 serves now/);
});

test('a canary that nobody sees is rolled back before its time', async () => {
  const [decided] = await decidedWith();
  assert.match(decided ?? '', /^rolled-back For \d+ s nobody saw/);
});

const shadow: Experiment = { ...canary, id: 's', treatment: 'sentiment@1.2.0', stage: 'shadow' };
const over: Experiment = { ...canary, definition: { until: new Date(began).toISOString() } };
const waiting = { release: 'sentiment@1.3.0', request: 'r', at: began };

test('one of several whose figures cannot be read keeps no other from its end', async () => {
  const decided = await decidedWith({ experiments: [shadow, over] });
  assert.match(decided[0] ?? '', /^rolled-back .*its figures cannot be read/);
});

test('a candidate begins beside those under way, where they leave room for its share', async () => {
  assert.match((await decidedWith({ experiments: [shadow], candidate: waiting }))[0] ?? '', /^shadowed /);
  const crowded = [{ ...shadow, share: 0.86 }, over];
  const decided = await decidedWith({ experiments: crowded, candidate: waiting });
  assert.ok(decided.length > 0 && decided.every((each) => each.startsWith('rolled-back ')), `${decided}`);
});

test('sight is lost while messages are answered and nothing is stored, and not in a quiet night', async () => {
  const world = { stored: 10, published: 10, now: 0 };
  const sight = new Sight({
    clickhouse: { query: async () => [{ stored: world.stored }] },
    log: { ranges: async () => [{ end: world.published }] },
    now: () => world.now,
  } as never);
  const after = async (changes: Partial<typeof world>, isRead = true) => {
    Object.assign(world, changes);
    return sight.blindMs(canary, { isRead });
  };
  assert.equal(await after({}), 0);
  assert.equal(await after({ now: 60 * minute }), 0, 'nothing was to be seen');
  assert.equal(await after({ now: 61 * minute, published: 20 }), minute);
  assert.equal(await after({ now: 70 * minute, published: 30 }), 10 * minute);
  assert.equal(await after({ now: 71 * minute, stored: 30 }), 0);
  assert.equal(await after({ now: 72 * minute }, false), minute);
  assert.equal(await sight.blindMs({ ...canary, stage: 'shadow' }, { isRead: false }), 0);
  sight.keepOnly(new Set(['another']));
  assert.equal(await after({ now: 90 * minute, published: 40 }), 0, 'what ended and began again begins anew');
});
