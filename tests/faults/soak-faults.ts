// Faults that a soak run draws from. Its steady worker lives through all of them, because its memory is what is
// watched; guests are the ones that die.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import type { Injector } from './injector.ts';

export interface SoakFault {
  readonly name: string;
  readonly act: (bench: Bench, injector: Injector) => Promise<void>;
}

const proxied = (
  name: string,
  trouble: Parameters<Bench['clickhouse']['proxy']['set']>[0],
  seconds: number,
) => ({
  name,
  act: async ({ clickhouse }: Bench) => {
    await clickhouse.proxy.set(trouble);
    await sleep(seconds * 1_000);
    await clickhouse.proxy.set({ kind: 'none' });
  },
});

const clickhouse: readonly SoakFault[] = [
  proxied('clickhouse-down', { kind: 'down' }, 5),
  proxied('clickhouse-hanging', { kind: 'hang' }, 5),
  proxied('clickhouse-slow', { kind: 'slow', delayMs: 1_000 }, 8),
  proxied('clickhouse-lost-answers', { kind: 'lose-answers', every: 3, holdMs: 0 }, 8),
  proxied('clickhouse-refusing', { kind: 'refuse', code: 241, message: 'Memory limit exceeded' }, 5),
  {
    name: 'clickhouse-killed',
    act: async (bench) => {
      await bench.clickhouse.kill();
      await bench.clickhouse.start();
    },
  },
];

const everywhere: readonly SoakFault[] = [
  {
    name: 'paused',
    act: async ({ worker }) => {
      worker.send('SIGSTOP');
      await sleep(4_000);
      worker.send('SIGCONT');
    },
  },
  { name: 'burst', act: async (_, injector) => injector.burst(3_000) },
];

const kafka: readonly SoakFault[] = [
  {
    name: 'broker-restarted',
    act: async ({ broker }) => {
      await broker.kill();
      await broker.start();
    },
  },
  {
    name: 'guest-killed',
    act: async (bench) => {
      const guest = await bench.startWorker({}, false);
      await guest.ready().catch(() => {});
      await sleep(3_000);
      await guest.kill();
    },
  },
];

/** What may happen in a mode; embedded runs have ClickHouse in a process of its own too, which can be tormented. */
export const soakFaults = (mode: Bench['mode']): readonly SoakFault[] => [
  ...clickhouse,
  ...everywhere,
  ...(mode === 'kafka' ? kafka : []),
];

/** Numbers in [0, 1) that a seed determines (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
