// What serves, candidates and messages made by hand, for tests of arms.
import type { Trial } from '../../../processors/inference/arms.ts';
import { ModelCrashed } from '../../../processors/inference/call.ts';
import type { Answers } from '../../../processors/inference/engine.ts';
import { createInference, type Predictor } from '../../../processors/inference/inference.ts';
import { type Features, featureItems } from '../../../schemas/features.ts';
import type { Prediction } from '../../../schemas/prediction.ts';

const labels = ['negative', 'positive'];
export const tasks = { comment: ['language', 'sentiment', 'toxicity'], prompt: ['language'] };

export function answersOf(release: string, texts: readonly string[], sayYes: boolean): Answers {
  const probabilities = Float32Array.from(texts.flatMap(() => (sayYes ? [0.25, 0.75] : [0.75, 0.25])));
  const [task = ''] = release.split('@');
  return { task, release, labels, activation: 'softmax', emptyLabel: 'negative', probabilities };
}

/** What serves, with a note of what it was asked. */
export function serving() {
  const asked: { readonly tasks: readonly string[]; readonly texts: readonly string[] }[] = [];
  const engine: Predictor = {
    async predict(wanted, texts) {
      asked.push({ tasks: wanted, texts });
      const deadly = [...texts.keys()].filter((place) => texts[place] === 'deadly');
      if (deadly.length > 0) throw new ModelCrashed(wanted, deadly, new Error('exit code 139'));
      return wanted.map((task) => answersOf(`${task}@1.0.0`, texts, true));
    },
  };
  return { asked, engine };
}

export const trialOf = (said: Partial<Trial> = {}): Trial => ({
  task: 'sentiment',
  experiment: 'e1',
  treatment: 'sentiment@1.1.0',
  stage: 'shadow',
  share: 1,
  ask: async (texts) => {
    const answers = answersOf('sentiment@1.1.0', texts, false);
    return texts.map((text, row) => (text === 'unanswerable' ? null : { answers, row }));
  },
  ...said,
});

export const message = (messageId: string, said: Partial<Features> = {}): Features => ({
  ...{ id: `f-${messageId}`, tenant: 'acme', eventTime: 1, ingestTime: 2, source: 'test', traceparent: '' },
  ...{ messageId, kind: 'comment', text: messageId, values: featureItems.map(() => 1), stickyKey: null },
  ...said,
});

export async function predictionsOf(
  trials: readonly Trial[],
  batch: readonly Features[],
  engine = serving().engine,
) {
  const outcomes = await createInference({ engine, tasks, trials: () => trials })(batch);
  return outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.outputs[0]! : null));
}

export const shown = (prediction: Prediction | null | undefined, task = 'sentiment') =>
  prediction?.results
    .filter((result) => result.task === task)
    .map(({ release, label, arm }) => `${release} ${label} ${arm}`);

export const many = Array.from({ length: 200 }, (_, at) =>
  message(`c${at}`, { stickyKey: `author-${at % 40}` }),
);
