// The resource decisions as a table, and the timer that carries them out.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GpuReading } from '../../connectors/gpu.ts';
import { createMetrics } from '../../connectors/metrics.ts';
import { decide, type Reading, type ResourceState, watchResources } from '../../streams/resources.ts';

const calm: Reading = { gpuUtilisation: null, memoryShare: 0.5, cores: 4, isWaiting: true };
const start: ResourceState = { tokenBudget: null, streak: 0, sinceShed: null, cores: 4 };

/** Budgets and sheddings over readings one after another. */
function follow(readings: readonly Partial<Reading>[], from: ResourceState = start) {
  let state = from;
  return readings.map((reading) => {
    const { state: next, tokenBudget, cores, shed } = decide({ ...calm, ...reading }, state);
    state = next;
    return { tokenBudget, cores, shed, state };
  });
}
const budgets = (readings: readonly Partial<Reading>[], from?: ResourceState) =>
  follow(readings, from).map(({ tokenBudget }) => tokenBudget);
const gpu = (...shares: readonly number[]) => shares.map((gpuUtilisation) => ({ gpuUtilisation }));

describe('the token budget', () => {
  const table: readonly (readonly [string, readonly Partial<Reading>[], readonly (number | undefined)[]])[] =
    [
      ['stays without a graphics processor', [{}, {}, {}], [undefined, undefined, undefined]],
      ['stays within the band', gpu(0.7, 0.8, 0.9), [undefined, undefined, undefined]],
      ['rises after two low readings', gpu(0.3, 0.69, 0.5, 0.5), [undefined, 5_120, undefined, 6_400]],
      ['falls after two high readings', gpu(0.95, 0.91), [undefined, 3_072]],
      ['does not follow single readings', gpu(0.95, 0.5, 0.95, 0.8, 0.3, 0.8), Array(6).fill(undefined)],
      [
        'does not rise while nothing waits',
        gpu(0, 0, 0).map((reading) => ({ ...reading, isWaiting: false })),
        Array(3).fill(undefined),
      ],
    ];
  for (const [name, readings, expected] of table)
    it(name, () => assert.deepEqual(budgets(readings), expected));

  it('has bounds, at which it rests', () => {
    const high = { ...start, tokenBudget: 60_000 };
    assert.deepEqual(budgets(gpu(0, 0, 0, 0), high), [undefined, 65_536, undefined, undefined]);
    const low = { ...start, tokenBudget: 300 };
    assert.deepEqual(budgets(gpu(1, 1, 1, 1), low), [undefined, 256, undefined, undefined]);
  });
});

describe('caches', () => {
  const shed = (...shares: readonly number[]) =>
    follow(shares.map((memoryShare) => ({ memoryShare }))).map((decision) => decision.shed);

  it('are emptied above 80 %, once', () => {
    assert.deepEqual(shed(0.8, 0.81, 0.9, 0.79, 0.85), [false, true, false, false, false]);
  });
  it('are emptied again after memory had recovered', () => {
    assert.deepEqual(shed(0.9, 0.74, 0.9), [true, false, true]);
  });
  it('are emptied again after a minute above', () => {
    const decisions = shed(...Array<number>(14).fill(0.95));
    assert.deepEqual(
      decisions.flatMap((one, at) => (one ? at : [])),
      [0, 12],
    );
  });
});

describe('threads', () => {
  it('are counted anew when processors come or go', () => {
    assert.deepEqual(
      follow([{ cores: 4 }, { cores: 2 }, { cores: 2 }]).map(({ cores }) => cores),
      [undefined, 2, undefined],
    );
  });
});

describe('the timer', () => {
  it('moves the engine, empties caches, tells why, and stops', async () => {
    const metrics = createMetrics();
    const lines: string[] = [];
    const note = (_: object, message: string) => void lines.push(message);
    const seen: unknown[] = [];
    const engine = {
      load: { queuedTexts: 5 },
      setTokenBudget: (tokens: number | null) => void seen.push(`budget ${tokens}`),
      resize: (workers: number) => void seen.push(`workers ${workers}`),
    };
    const one: GpuReading = { name: 'G', utilisation: 0.99, memoryUsedBytes: null, memoryBytes: null };
    let cores = 4;
    const stop = watchResources({
      engine,
      sizesWorkers: true,
      shedding: [() => void seen.push('emptied')],
      logger: { info: note, warn: note } as never,
      metrics,
      everyMs: 1,
      gpus: async () => [{ ...one, utilisation: 0.2 }, one],
      memory: () => ({ usedBytes: 9, limitBytes: 10 }),
      cores: () => cores,
    });
    cores = 2;
    for (let waited = 0; seen.length < 3 && waited < 20_000; waited += 5) await sleep(5);
    await stop();
    assert.deepEqual(new Set(seen.slice(0, 3)), new Set(['workers 1', 'emptied', 'budget 3072']));
    assert.ok(lines.includes('memory runs out: caches are emptied'));
    const printed = await metrics.print();
    assert.match(printed, /millrace_gpu_utilisation_ratio\{gpu="1 G"\} 0\.99/);
    assert.match(printed, /millrace_memory_used_ratio 0\.9/);
    assert.match(printed, /millrace_caches_shed_total 1/);
  });
});
