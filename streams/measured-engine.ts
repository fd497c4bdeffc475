// An engine whose calls are counted and timed.
import type { Metrics } from '../connectors/metrics.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { Predictor } from '../processors/inference/inference.ts';
import { Overloaded } from '../schemas/errors.ts';

export function measured(engine: Predictor & Pick<Engine, 'queuedTexts'>, metrics: Metrics): Predictor {
  return {
    async predict(tasks, texts) {
      const started = performance.now();
      metrics.inferenceQueueTexts.set({}, engine.queuedTexts);
      try {
        const answers = await engine.predict(tasks, texts);
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
