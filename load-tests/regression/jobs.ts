// Our jobs, each against a reference of the same round. A ratio of CPU time holds on a busy machine, one of wall time
// does not: it is shown and not judged.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openModelStore } from '../../connectors/model-store.ts';
import { createEngine } from '../../processors/inference/engine.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { startSystem } from '../../streams/system.ts';
import { wholeRelease } from '../../trainers/release/whole-release.ts';
import { commentRecord, loadTexts } from '../comments.ts';
import { measureThroughput } from '../throughput.ts';
import type { Measured } from './measured.ts';
import { measured, referenceHeavy, referenceLight } from './reference.ts';
import { bag, encoder } from './releases.ts';

export interface Job {
  readonly about: string;
  /** The job whose cost it is compared with; null for references. */
  readonly reference: string | null;
  readonly records: number;
  readonly run: (records: number) => Promise<Measured>;
}

export const jobs: Readonly<Record<string, Job>> = {
  'reference-light': {
    about: 'JSON, hashing, a bag of words, JSON: plain Node',
    reference: null,
    records: 100_000,
    run: async (records) => referenceLight(await loadTexts(), records),
  },
  'reference-heavy': {
    about: 'an encoder, ideal batches: plain ONNX Runtime',
    reference: null,
    records: 1_500,
    run: async (records) => referenceHeavy(await loadTexts(), records),
  },
  chained: {
    about: 'embedded, one model, until stored in ClickHouse',
    reference: 'reference-light',
    records: 40_000,
    run: (records) => pipeline(records, 'language'),
  },
  pipeline: {
    about: 'embedded, four models, until stored in ClickHouse',
    reference: 'reference-light',
    records: 20_000,
    run: (records) => pipeline(records, 'language,sentiment,toxicity,emotion'),
  },
  route: {
    about: 'embedded, topic to bag of words to topic, as configured',
    reference: 'reference-light',
    records: 100_000,
    run: route,
  },
  'engine-heavy': {
    about: 'an encoder through the engine',
    reference: 'reference-heavy',
    records: 1_500,
    run: engineHeavy,
  },
};

/** Opens a system in a directory of its own for as long as `work` takes. */
async function withStack<T>(
  env: Readonly<Record<string, string>>,
  work: (stack: Stack, directory: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-regression-'));
  const given = { MILLRACE_DATA_DIRECTORY: directory, MILLRACE_LOG_LEVEL: 'error', ...env };
  const stack = await openStack(loadConfiguration({ env: given }), async () => 1);
  try {
    return await work(stack, directory);
  } finally {
    await stack.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function pipeline(records: number, tasks: string): Promise<Measured> {
  return withStack({ MILLRACE_COMMENT_TASKS: tasks }, async (stack) => {
    const { storedPerSecond, cpuSecondsPer100k } = await measureThroughput(stack, records);
    return { records, seconds: records / storedPerSecond, cpuSeconds: (cpuSecondsPer100k * records) / 1e5 };
  });
}

async function route(records: number): Promise<Measured> {
  const models = mkdtempSync(join(tmpdir(), 'millrace-models-'));
  const { manifest, files } = bag();
  await openModelStore(models).publish(wholeRelease(manifest, files, []));
  const env = {
    MILLRACE_MODELS_DIRECTORY: models,
    MILLRACE_STREAMS: 'routes',
    MILLRACE_ROUTES: 'from=texts task=bag to=answers latency=throughput',
  };
  try {
    return await withStack(env, (stack) => drive(stack, records));
  } finally {
    rmSync(models, { recursive: true, force: true });
  }
}

/** Fills `texts`, then lets the route work it off. */
async function drive(stack: Stack, records: number): Promise<Measured> {
  const { log, configuration } = stack;
  const texts = await loadTexts();
  await log.createTopics(
    ['texts', 'answers'].map((name) => ({ name, partitions: configuration.kafka.partitions })),
  );
  const all = Array.from({ length: records }, (_, number) => commentRecord(texts, 'r', number, 0));
  for (let start = 0; start < records; start += 1_000)
    await log.publish([{ topic: 'texts', records: all.slice(start, start + 1_000) }]);
  const answers = async () => (await log.ranges(['answers'])).reduce((sum, { end }) => sum + end, 0);
  let close = async () => {};
  const cost = await measured(records, async () => {
    const system = await startSystem(stack, { driftByClock: false });
    close = () => system.close();
    while ((await answers()) < records) await sleep(20);
  });
  await close();
  return cost;
}

async function engineHeavy(records: number): Promise<Measured> {
  const texts = await loadTexts();
  const asked = Array.from({ length: records }, (_, at) => texts[at % texts.length]!);
  const engine = await createEngine({ models: [encoder()], workers: 1 });
  await engine.predict(['encoder'], asked.slice(0, 64));
  const cost = await measured(records, async () => void (await engine.predict(['encoder'], asked)));
  await engine.close();
  return cost;
}
