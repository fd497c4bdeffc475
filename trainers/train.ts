// Trains a task and writes its release: data, fit, figures, baselines, card.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadServing } from '../connectors/model-store.ts';
import { cleanText } from '../processors/features/cleaning.ts';
import { loadModel } from '../processors/inference/load-model.ts';
import type { Model } from '../processors/inference/model.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import { readRows, textOf } from './data-sets/rows.ts';
import { type Directories, expandExamples, type Split, splitData, type UsedSet } from './data-sets/split.ts';
import { judgeModel } from './evaluation/judge.ts';
import { createRandom } from './random.ts';
import { freezeBaselines } from './release/frozen-baseline.ts';
import { writeRelease } from './release/write-release.ts';
import type { Task } from './task.ts';
import type { Trained } from './trainer.ts';
import { trainers } from './trainers.ts';

export interface TrainingProgress {
  readonly stage: 'reading' | 'fitting' | 'judging' | 'writing';
  /** Share of the stage that is done, 0–1. */
  readonly done: number;
  /** Mean loss of the last steps, while fitting. */
  readonly loss?: number;
}

export interface TrainOptions {
  readonly seed: number;
  /** Models directory the release is written into, as `<task>/<version>/`. */
  readonly out: string;
  /** Directory with data that may be used to judge but not be passed on. */
  readonly unshipped?: string | undefined;
  readonly directories?: Pick<Directories, 'data' | 'samples'>;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Aborts the training; nothing is written then. */
  readonly signal?: AbortSignal | undefined;
}

const repository: Pick<Directories, 'data' | 'samples'> = {
  data: fileURLToPath(new URL('./data', import.meta.url)),
  samples: fileURLToPath(new URL('../samples', import.meta.url)),
};

/**
 * Trains `task` and writes its release. Same code, data and seed give the same bytes; the baselines need a language
 * model in `out`, except for the language task itself. Throws `Misconfigured` for missing data or language model.
 */
export async function train(task: Task, options: TrainOptions): Promise<ModelManifest> {
  const directories: Directories = { ...(options.directories ?? repository), unshipped: options.unshipped };
  const report = (stage: TrainingProgress['stage'], done: number) => options.onProgress?.({ stage, done });
  report('reading', 0);
  const split = await splitData(task, directories, options.seed);
  const trained = await fitTask(task, split, options);
  report('judging', 0);
  const draft = describe(task, split, trained, options.seed);
  const model = await loadModel({ manifest: draft, files: trained.files });
  const figures = [];
  for (const { set, examples } of split.tests) {
    options.signal?.throwIfAborted();
    figures.push(await judgeModel(model, set, examples));
  }
  const baseline = await baselineJson(task, model, directories.data, options.out);
  await model.close();
  options.signal?.throwIfAborted();
  report('writing', 0);
  return writeRelease(
    options.out,
    { ...draft, figures },
    new Map([...trained.files, ['baseline.json', baseline]]),
  );
}

async function fitTask(task: Task, split: Split, options: TrainOptions): Promise<Trained> {
  const { seed, signal, onProgress } = options;
  const { labels, activation, training } = task;
  const trainer = trainers[training.kind];
  const data = {
    labels,
    activation,
    train: expandExamples(task, split.train, seed),
    dev: split.calibration,
  };
  signal?.throwIfAborted();
  return trainer.fit(data, trainer.parameters.parse(training.parameters), {
    seed,
    signal,
    onProgress: (done, loss) =>
      onProgress?.({ stage: 'fitting', done, ...(loss === undefined ? {} : { loss }) }),
  });
}

/** The manifest before its figures and file hashes are known. */
function describe(task: Task, split: Split, { shape }: Trained, seed: number): ModelManifest {
  const { version, doc, labels, activation, emptyLabel, targets, limits, training } = task;
  return {
    ...shape,
    task: task.task,
    version,
    release: `${task.task}@${version}`,
    doc,
    labels,
    activation,
    emptyLabel,
    files: {},
    data: [...split.used.map(describeSet), ...describeWritten(task, seed)],
    figures: [],
    targets,
    limits,
    seed,
    parameters: trainers[training.kind].parameters.parse(training.parameters),
  };
}

const describeSet = ({ set, rows, sha256 }: UsedSet): ModelManifest['data'][number] => ({
  name: set.file,
  role: set.role,
  licence: set.licence,
  source: set.source,
  rows,
  sha256,
  shipped: set.shipped,
});

function describeWritten({ written }: Task, seed: number): ModelManifest['data'] {
  if (written === undefined) return [];
  const rows = written.examples(createRandom(seed)).length;
  const { name } = written;
  return [{ name, role: 'train', licence: 'Apache-2.0', source: 'this repository', rows, shipped: true }];
}

async function baselineJson(task: Task, model: Model, data: string, out: string): Promise<Buffer> {
  const files = task.reference.map((name) => readRows(join(data, 'reference', `${name}.jsonl.gz`)));
  const texts = (await Promise.all(files)).flat().map((row) => cleanText(textOf(row)));
  const isLanguage = task.task === 'language';
  const languageModel = isLanguage ? model : await loadModel((await loadServing(out, ['language']))[0]!);
  const baselines = await freezeBaselines(model, languageModel, texts);
  if (!isLanguage) await languageModel.close();
  return Buffer.from(`${JSON.stringify(baselines, null, 1)}\n`);
}
