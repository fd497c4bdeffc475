// The inference thread: holds every model and answers one batch at a time. `session.run` blocks its thread, so the
// main loop never calls it.
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import { loadModel } from './load-model.ts';
import type { Input, Model } from './model.ts';

/** What a thread is started with. */
export interface WorkerStart {
  readonly models: readonly LoadableModel[];
}

/** Texts for a thread: every one of them for each of the tasks. */
export interface WorkerBatch {
  readonly tasks: readonly string[];
  readonly texts: readonly Input[];
}

/** What a thread says: once that it is ready, or why it cannot be, then one answer for each batch. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly task: string; readonly reason: string }
  | { readonly kind: 'answered'; readonly probabilities: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: 'failed'; readonly reason: string };

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const models = new Map<string, Model>();
  for (const loadable of (workerData as WorkerStart).models) {
    const { task } = loadable.manifest;
    try {
      models.set(task, await loadModel(loadable));
    } catch (error) {
      return reply(port, { kind: 'refused', task, reason: String(error) });
    }
  }
  port.on('message', (batch: WorkerBatch) => {
    answerBatch(models, batch).then(
      (probabilities) => reply(port, { kind: 'answered', probabilities }),
      (error: unknown) => reply(port, { kind: 'failed', reason: String(error) }),
    );
  });
  reply(port, { kind: 'ready' });
}

async function answerBatch(
  models: ReadonlyMap<string, Model>,
  { tasks, texts }: WorkerBatch,
): Promise<readonly Float32Array<ArrayBuffer>[]> {
  const preparations = new Map<string, unknown>();
  const answers: Float32Array<ArrayBuffer>[] = [];
  for (const task of tasks) {
    const model = models.get(task)!;
    const prepared = preparations.get(model.preparationKey) ?? model.prepare(texts);
    preparations.set(model.preparationKey, prepared);
    answers.push(await model.predict(prepared, texts.length));
  }
  return answers;
}

function reply(port: NonNullable<typeof parentPort>, message: WorkerReply): void {
  const transfer = message.kind === 'answered' ? message.probabilities.map((array) => array.buffer) : [];
  port.postMessage(message, transfer);
}

if (parentPort !== null) await serve(parentPort);
