// The inference thread: holds every model and answers one batch at a time. `session.run` blocks its thread, so models
// that take their time never run on the main loop.
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import { type BatchExtent, BatchMemory, type HandedMemory } from './batching/batch-memory.ts';
import type { CostSample } from './batching/cost.ts';
import { warmUp } from './batching/warm-up.ts';
import { loadModel } from './load-model.ts';
import { type Input, isTokenModel, type Model } from './model.ts';
import { cpuDevice, type Device, type Opened } from './providers.ts';

/** What a thread is started with. */
export interface WorkerStart {
  readonly models: readonly LoadableModel[];
  /** Where models that are worth a device run; without it the processor. */
  readonly device?: Device;
}

/** Texts for a thread: every one of them for each of the tasks. */
export interface WorkerBatch {
  readonly tasks: readonly string[];
  readonly texts: readonly Input[];
}

/** A padded batch, in memory that is the thread’s until it answers. */
export interface WorkerPaddedBatch {
  readonly task: string;
  readonly extent: BatchExtent;
  readonly memory: HandedMemory;
}

/** What first runs of a token model took. */
export interface WarmTask {
  readonly task: string;
  readonly samples: readonly CostSample[];
}

/**
 * What a thread says: once that it is ready, or why it cannot be, then one answer for each batch, with the
 * milliseconds of its run.
 */
export type WorkerReply =
  | { readonly kind: 'ready'; readonly warm?: readonly WarmTask[]; readonly opened?: readonly Opened[] }
  | { readonly kind: 'refused'; readonly task: string; readonly reason: string }
  | {
      readonly kind: 'answered';
      readonly probabilities: readonly Float32Array<ArrayBuffer>[];
      readonly ms?: number;
    }
  | { readonly kind: 'ran'; readonly memory: HandedMemory; readonly ms: number }
  | { readonly kind: 'failed'; readonly reason: string };

type Port = NonNullable<typeof parentPort>;

async function serve(port: Port): Promise<void> {
  const models = new Map<string, Model>();
  const warm: WarmTask[] = [];
  const opened: Opened[] = [];
  const { models: loadables, device = cpuDevice } = workerData as WorkerStart;
  for (const loadable of loadables) {
    const { task } = loadable.manifest;
    try {
      const model = await loadModel(loadable, { device, tell: (session) => opened.push(session) });
      models.set(task, model);
      if (isTokenModel(model)) warm.push({ task, samples: await warmUp(model) });
    } catch (error) {
      return reply(port, { kind: 'refused', task, reason: String(error) });
    }
  }
  port.on('message', (batch: WorkerBatch | WorkerPaddedBatch) => {
    const answered = 'memory' in batch ? runPadded(models, batch) : answerBatch(models, batch);
    answered.then(
      (answer) => reply(port, answer),
      (error: unknown) => reply(port, { kind: 'failed', reason: String(error) }),
    );
  });
  reply(port, { kind: 'ready', warm, opened });
}

async function answerBatch(
  models: ReadonlyMap<string, Model>,
  { tasks, texts }: WorkerBatch,
): Promise<WorkerReply> {
  const started = performance.now();
  const preparations = new Map<string, unknown>();
  const probabilities: Float32Array<ArrayBuffer>[] = [];
  for (const task of tasks) {
    const model = models.get(task)!;
    const prepared = preparations.get(model.preparationKey) ?? model.prepare(texts);
    preparations.set(model.preparationKey, prepared);
    probabilities.push(await model.predict(prepared, texts.length));
  }
  return { kind: 'answered', probabilities, ms: performance.now() - started };
}

async function runPadded(
  models: ReadonlyMap<string, Model>,
  { task, extent, memory: handed }: WorkerPaddedBatch,
): Promise<WorkerReply> {
  const started = performance.now();
  const model = models.get(task)!;
  if (!isTokenModel(model)) throw new Error(`the model of “${task}” is fed no tokens`);
  const memory = new BatchMemory(handed);
  await model.runPadded(memory.batch(extent), memory.values);
  return { kind: 'ran', memory: memory.handed, ms: performance.now() - started };
}

function reply(port: Port, message: WorkerReply): void {
  if (message.kind === 'answered')
    port.postMessage(
      message,
      message.probabilities.map((array) => array.buffer),
    );
  else port.postMessage(message, message.kind === 'ran' ? [message.memory.buffer] : []);
}

if (parentPort !== null) await serve(parentPort);
