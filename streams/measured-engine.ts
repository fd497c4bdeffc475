// An engine whose calls are counted and timed.
import type { Metrics } from '../connectors/metrics.ts';
import type { RunRecord } from '../processors/inference/batching/run-ledger.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { Predictor } from '../processors/inference/inference.ts';
import { Overloaded } from '../schemas/errors.ts';
import type { RouteEngine } from './routes/route-process.ts';

/** The engine as streams use it. */
type Measurable = Predictor & Pick<Engine, 'manifests' | 'predictTokens'>;

/** How often the engine’s load is put on `/metrics`. */
const loadEveryMs = 1_000;

export function measured(engine: Measurable, metrics: Metrics): RouteEngine {
  const refusing = (error: unknown): never => {
    if (error instanceof Overloaded) metrics.inferenceRefusals.add({});
    throw error;
  };
  const answered = (task: string, release: string, texts: number, started: number): void => {
    metrics.inferenceTexts.add({ task, release }, texts);
    metrics.inferenceSeconds.observe({ task }, (performance.now() - started) / 1_000);
  };
  return {
    get manifests() {
      return engine.manifests;
    },
    async predictTokens(task, rows, asking) {
      const started = performance.now();
      const release = engine.manifests.find((manifest) => manifest.task === task)?.release ?? task;
      const values = await engine.predictTokens(task, rows, asking).catch(refusing);
      answered(task, release, rows.ends.length, started);
      return values;
    },
    async predict(tasks, texts, asking) {
      const started = performance.now();
      const answers = await engine.predict(tasks, texts, asking).catch(refusing);
      for (const { task, release } of answers) answered(task, release, texts.length, started);
      return answers;
    },
  };
}

/** Counts the engine’s runs. */
export const countRuns =
  (metrics: Metrics) =>
  ({ key: tasks, where, priority, texts, tokens, padded, ms }: RunRecord): void => {
    metrics.inferenceRuns.add({ tasks, where, priority });
    metrics.inferenceBatchTexts.observe({ tasks, where }, texts);
    metrics.inferenceRunSeconds.observe({ tasks, where }, ms / 1_000);
    if (tokens === null || padded === null) return;
    metrics.inferenceTokens.add({ tasks, kind: 'text' }, tokens);
    metrics.inferenceTokens.add({ tasks, kind: 'padding' }, padded - tokens);
  };

/** Puts the engine’s load on `/metrics`, again and again; what is returned ends that. */
export function reportLoad(engine: Pick<Engine, 'load'>, metrics: Metrics): () => Promise<void> {
  const report = () => {
    const { load } = engine;
    metrics.inferenceQueueTexts.set({ priority: 'request' }, load.queuedRequests);
    metrics.inferenceQueueTexts.set({ priority: 'stream' }, load.queuedStreams);
    metrics.inferencePaddingRatio.set({}, load.paddingShare);
    metrics.inferenceCostErrorRatio.set({}, load.costError);
    metrics.inferenceBusyRatio.set({}, load.busyShare);
    metrics.inferenceWorkers.set({}, load.workers);
  };
  report();
  const timer = setInterval(report, loadEveryMs);
  timer.unref();
  return async () => clearInterval(timer);
}
