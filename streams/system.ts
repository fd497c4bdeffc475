// The running system: every configured stream over one open stack, the drift job beside them, drained together.

import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import type { Subscription } from '../connectors/log.ts';
import type { Engine } from '../processors/inference/engine.ts';
import { Budget } from './budget.ts';
import { startDriftJob } from './drift-job.ts';
import { measured } from './measured-engine.ts';
import { engineOf, servingReleases } from './models.ts';
import { loopObserver } from './observer.ts';
import { declareStreams } from './pipeline.ts';
import type { Stack } from './stack.ts';

export interface System {
  readonly names: readonly string[];
  /** Rejects with what stopped a stream; resolves after `close`. */
  readonly done: Promise<void>;
  /** Stops fetching, finishes what is in hand, leaves the groups. The stack stays open. */
  close(): Promise<void>;
}

export interface SystemOptions {
  /** Whether the drift job looks at the clock’s windows by itself. */
  readonly driftByClock: boolean;
}

/** Starts what the configuration names; resolves when every stream has joined its group. */
export async function startSystem(stack: Stack, options: SystemOptions): Promise<System> {
  const { configuration, metrics, log } = stack;
  const wanted = configuration.streams;
  const infers = wanted.includes('chain') || wanted.includes('inference');
  const engine = infers ? await openServing(stack) : null;
  const budget = new Budget(configuration.loop.inFlightBytesMax);
  const observer = loopObserver(stack, budget);
  const subscriptions: Subscription[] = [];
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of closers.splice(0)) await stop();
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await engine?.close();
  };
  try {
    const streams = declareStreams(stack, engine && measured(engine, metrics));
    for (const stream of streams)
      subscriptions.push(await stream.start({ log, budget, observer, ...configuration.loop }));
    if (options.driftByClock && wanted.includes('drift')) closers.push(startDriftJob(stack));
    const done = Promise.all(subscriptions.map((subscription) => subscription.done)).then(() => {});
    return { names: streams.map(({ name }) => name), done, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The serving models in threads, their frozen baselines in ClickHouse before any of their answers. */
async function openServing({ clickhouse, configuration }: Stack): Promise<Engine> {
  const releases = await servingReleases(configuration);
  await writeBaselines(
    clickhouse,
    releases.flatMap(({ baselines }) => baselines),
  );
  return engineOf(configuration, releases);
}
