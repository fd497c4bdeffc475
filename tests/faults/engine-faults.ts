// Models that fail: on certain texts, by answering no numbers, by being slow, by losing their threads.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { createEngine } from '../../processors/inference/engine.ts';
import { startWorker } from '../../processors/inference/thread.ts';
import { servingReleases } from '../../streams/models.ts';
import type { Stack } from '../../streams/stack.ts';
import { openServing, type ServingEngine } from '../../streams/system.ts';
import { overriding } from './fail-points.ts';

export type EngineFault = 'none' | 'throws' | 'nan' | 'slow-20x' | 'threads-killed';

/** A text that holds this makes a faulty model fail. */
export const crashWord = 'MODEL-FAILS-HERE';

const threadKilledEveryMs = 400;

/** Opens the serving engine with the fault in it. */
export async function openFaulty(stack: Stack, fault: EngineFault): Promise<ServingEngine> {
  if (fault === 'threads-killed') return openWithDyingThreads(stack);
  const engine = await openServing(stack);
  if (fault === 'throws') return overriding(engine, { predict: throwing(engine) });
  if (fault === 'nan') return overriding(engine, { predict: withoutNumbers(engine) });
  if (fault === 'slow-20x') return overriding(engine, { predict: slowed(engine) });
  return engine;
}

type Predict = ServingEngine['predict'];

const throwing =
  (engine: ServingEngine): Predict =>
  async (tasks, texts) => {
    if (texts.some((text) => text.includes(crashWord))) throw new Error('the model cannot stand this text');
    return engine.predict(tasks, texts);
  };

const withoutNumbers =
  (engine: ServingEngine): Predict =>
  async (tasks, texts) => {
    const answers = await engine.predict(tasks, texts);
    for (const { probabilities, labels } of answers)
      for (const [index, text] of texts.entries())
        if (text.includes(crashWord))
          probabilities.fill(Number.NaN, index * labels.length, (index + 1) * labels.length);
    return answers;
  };

const slowed =
  (engine: ServingEngine): Predict =>
  async (tasks, texts) => {
    const started = performance.now();
    const answers = await engine.predict(tasks, texts);
    await sleep((performance.now() - started) * 19);
    return answers;
  };

/** Holds on to the engine's threads and ends one after the other, whether it works or not. */
async function openWithDyingThreads(stack: Stack): Promise<ServingEngine> {
  const threads: Worker[] = [];
  const { inference } = stack.configuration;
  await (await openServing(stack)).close(); // its baselines belong into ClickHouse all the same
  const engine = await createEngine({
    models: await servingReleases(stack.configuration),
    workers: inference.workers,
    queueTextsMax: inference.queueTextsMax,
    startWorker: (start) => {
      const thread = startWorker(start);
      threads.push(thread);
      return thread;
    },
  });
  const timer = setInterval(() => void threads.shift()?.terminate(), threadKilledEveryMs);
  return overriding(engine as ServingEngine, {
    close: async () => {
      clearInterval(timer);
      await engine.close();
    },
  });
}
