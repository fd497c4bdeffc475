// A tiny task whose words change: what its champion learned is answered wrongly by now, and people say so. In an embedded
// system of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clickhouse } from '../../../connectors/clickhouse.ts';
import { openModelStore } from '../../../connectors/model-store.ts';
import type { Feedback } from '../../../schemas/feedback.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import type { Fit } from '../../../streams/retraining/answer.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';
import type { Split } from '../../../trainers/data-sets/split.ts';
import { conductTrial } from '../../../trainers/retraining/trial.ts';
import type { Task } from '../../../trainers/task.ts';
import { train } from '../../../trainers/train.ts';
import type { Example } from '../../../trainers/trainer.ts';
import {
  commentOf,
  feedbackOf,
  predictionOf,
  resultOf,
  storeComments,
  storeFeedback,
  storePredictions,
} from '../../connectors/clickhouse/stored.ts';

const subjects = 'cat dog neighbour train letter song river garden teacher market'.split(' ');
const places = 'today,at home,in the rain,again,before noon,by the sea,all night,for once'.split(',');
/** Words that both times know, and words that only one of them does. */
const words = {
  old: { glad: 'sings laughs shines dances'.split(' '), sad: 'weeps rots fails bleeds'.split(' ') },
  // The new time turns two words of the old one round, as slang does.
  now: { glad: 'slaps vibes fails bleeds'.split(' '), sad: 'flops cringes mids rots'.split(' ') },
};

/** Texts with their labels, the same ones every time. */
export function texts(time: 'old' | 'now', count: number): readonly Example[] {
  const all = places.flatMap((place) =>
    subjects.flatMap((subject) =>
      ['my', 'the', 'our', 'her'].flatMap((whose) =>
        (['glad', 'sad'] as const).flatMap((label) =>
          words[time][label].map((verb) => ({
            text: `${whose} ${subject} ${verb} ${place}`,
            labels: [label],
          })),
        ),
      ),
    ),
  );
  // A step without a common factor walks through all of them, labels and words mixed.
  return Array.from({ length: Math.min(count, all.length) }, (_, at) => all[(at * 997) % all.length]!);
}

const featurizer = { charactersMax: 4, wordBuckets: 2_048, characterBuckets: 4_096, idsMax: 256 };

const moodTask = (kind: 'ngram' | 'linear' = 'ngram'): Task => ({
  task: 'mood',
  version: '1.0.0',
  doc: 'Tells glad from sad.',
  labels: ['glad', 'sad'],
  activation: 'softmax',
  emptyLabel: 'sad',
  training:
    kind === 'ngram'
      ? { kind, parameters: { ...featurizer, dimensions: 4, epochs: 5, learningRate: 0.2, dropout: 0.1 } }
      : { kind, parameters: featurizer },
  balancePower: 1,
  calibrationShare: 0.1,
  dataSets: [],
  reference: [],
  targets: [],
  limits: [],
});

/** The shipped language model takes seconds to load; this one tells two languages apart. */
const languageTask: Task = {
  ...moodTask(),
  task: 'language',
  doc: 'Tells de from en.',
  labels: ['de', 'en'],
};

const languages = (): readonly Example[] =>
  texts('old', 200).map(({ text }, at) =>
    at % 3 === 0 ? { text: `der die das ${at} und heute`, labels: ['de'] } : { text, labels: ['en'] },
  );

const splitOf = (examples: readonly Example[]): Split => ({
  train: examples.slice(40),
  calibration: examples.slice(0, 40),
  tests: [],
  used: [],
});

/** A place with a models folder (language and `mood@1.0.0`) and room for a data directory. */
export class MoodPlace {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-retraining-'));
  readonly models = join(this.path, 'models');

  async prepare(kind: 'ngram' | 'linear' = 'ngram'): Promise<void> {
    const store = openModelStore(this.models);
    await store.publish(await train(languageTask, { seed: 1, stores: [], split: splitOf(languages()) }));
    const release = await train(moodTask(kind), {
      seed: 1,
      stores: [store],
      split: splitOf(texts('old', 600)),
    });
    await store.publish(release);
  }

  env(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return {
      MILLRACE_DATA_DIRECTORY: join(this.path, 'data'),
      MILLRACE_MODELS_DIRECTORY: this.models,
      MILLRACE_LOG_LEVEL: 'fatal',
      MILLRACE_COMMENT_TASKS: 'language,mood',
      MILLRACE_PROMPT_TASKS: 'language',
      MILLRACE_RETRAINING_TASKS: 'mood',
      MILLRACE_RETRAINING_TRIGGERS: '',
      MILLRACE_RETRAINING_EVERY_MS: '100',
      HTTP_PORT: '0',
      ...more,
    };
  }

  open(more: Readonly<Record<string, string>> = {}): Promise<Stack> {
    return openStack(loadConfiguration({ env: this.env(more) }), async () => 1);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Trains in this process: one of its own takes seconds to start, and tests/streams/retraining/kill.test.ts has it. */
export const fitHere: Fit = (folder, options) =>
  conductTrial(folder, { ...options, warn: assert.fail, onProgress: noted(folder, options) });

/** Notes the stages in the folder, as the process of its own does. */
const noted =
  (folder: Parameters<Fit>[0], { onProgress }: Parameters<Fit>[1]): Parameters<Fit>[1]['onProgress'] =>
  (progress) => {
    writeFileSync(join(folder.path, 'progress.json'), JSON.stringify({ ...progress, at: 0 }));
    onProgress(progress);
  };

/** Messages of now, answered by the champion as it would, and labelled: one a second, the last one just now. */
export async function storeLabelled(
  clickhouse: Clickhouse,
  examples: readonly Example[],
  { release = 'mood@1.0.0', label = (example: Example) => example.labels[0]!, now = Date.now() } = {},
): Promise<void> {
  const at = (index: number) => now - (examples.length - index) * 1_000;
  const id = (index: number) => `m${now}-${index}`;
  await storeComments(
    clickhouse,
    examples.map(({ text }, index) => commentOf(id(index), at(index), { text })),
  );
  await storePredictions(
    clickhouse,
    examples.map((_, index) => predictionOf(id(index), at(index), [resultOf(release, 'glad')])),
  );
  await storeFeedback(
    clickhouse,
    examples.map(
      (example, index): Feedback =>
        feedbackOf(`f-${id(index)}`, id(index), {
          task: 'mood',
          label: label(example),
          by: 'reviewer',
          eventTime: at(index),
        }),
    ),
  );
}
