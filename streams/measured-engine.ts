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
  return {
    get manifests() {
      return engine.manifests;
    },
    async predictTokens(task, rows, asking) {
      const started = performance.now();
      const release = engine.manifests.find((manifest) => manifest.task === task)?.release ?? task;
      try {
        const values = await engine.predictTokens(task, rows, asking);
        metrics.inferenceTexts.add({ task, release }, rows.ends.length);
        metrics.inferenceSeconds.observe({ task }, (performance.now() - started) / 1_000);
        return values;
      } catch (error) {
        if (error instanceof Overloaded) metrics.inferenceRefusals.add({});
        throw error;
      }
    },
    async predict(tasks, texts, asking) {
      const started = performance.now();
      try {
        const answers = await engine.predict(tasks, texts, asking);
        const seconds = (performance.now() - started) / 1_000;
        for (const { task, release } of answers) {
          metrics.inferenceTexts.add({ task, release }, texts.length);
          metrics.inferenceSeconds.observe({ task }, seconds);
        }
        return answers;
      } catch (error) {
        if (error instanceof Overloaded) metrics.inferenceRefusals.add({});
        throw error;
      }
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
