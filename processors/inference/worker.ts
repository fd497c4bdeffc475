// The inference thread: holds every model and answers one batch at a time. `session.run` blocks its thread, so the
// main loop never calls it.
import { parentPort, workerData } from 'node:worker_threads';
import { Featurizer } from './ngram.ts';
import { type FeaturizedRun, featurizeRuns, type LoadableModel, NgramModel } from './ngram-model.ts';

/** What a thread is started with. */
export interface WorkerStart {
  readonly models: readonly LoadableModel[];
}

/** Texts for a thread: every one of them for each of the tasks. */
export interface WorkerBatch {
  readonly tasks: readonly string[];
  readonly texts: readonly string[];
}

/** What a thread says: once that it is ready, or why it cannot be, then one answer for each batch. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly task: string; readonly reason: string }
  | { readonly kind: 'answered'; readonly probabilities: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: 'failed'; readonly reason: string };

interface Station {
  readonly model: NgramModel;
  readonly featurizer: Featurizer;
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const stations = new Map<string, Station>();
  const featurizers = new Map<string, Featurizer>();
  for (const loadable of (workerData as WorkerStart).models) {
    const { task, featurizer } = loadable.manifest;
    try {
      // Models with equal options share one featurizer, by which `answer` knows that they can share its ids.
      const key = JSON.stringify(featurizer);
      const shared = featurizers.get(key) ?? new Featurizer(featurizer);
      featurizers.set(key, shared);
      stations.set(task, { model: await NgramModel.load(loadable), featurizer: shared });
    } catch (error) {
      return reply(port, { kind: 'refused', task, reason: String(error) });
    }
  }
  port.on('message', (batch: WorkerBatch) => {
    answer(stations, batch).then(
      (probabilities) => reply(port, { kind: 'answered', probabilities }),
      (error: unknown) => reply(port, { kind: 'failed', reason: String(error) }),
    );
  });
  reply(port, { kind: 'ready' });
}

async function answer(
  stations: ReadonlyMap<string, Station>,
  { tasks, texts }: WorkerBatch,
): Promise<readonly Float32Array<ArrayBuffer>[]> {
  const runsOf = new Map<Featurizer, readonly FeaturizedRun[]>();
  const answers: Float32Array<ArrayBuffer>[] = [];
  for (const task of tasks) {
    const { model, featurizer } = stations.get(task)!;
    const runs = runsOf.get(featurizer) ?? featurizeRuns(featurizer, texts);
    runsOf.set(featurizer, runs);
    answers.push(await model.predict(runs, texts.length));
  }
  return answers;
}

function reply(port: NonNullable<typeof parentPort>, message: WorkerReply): void {
  const transfer = message.kind === 'answered' ? message.probabilities.map((array) => array.buffer) : [];
  port.postMessage(message, transfer);
}

if (parentPort !== null) await serve(parentPort);
