// Trains a task to a release: data, fit, figures, baselines, card.
import { type ExperimentLog, flatFigures, type Run, type RunStart } from '../connectors/experiment-log.ts';
import { isAbsence, loadServing, type ModelStore, type WholeRelease } from '../connectors/model-store.ts';
import { loadModel } from '../processors/inference/load-model.ts';
import type { Model } from '../processors/inference/model.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import { repositoryDirectories } from './data-sets/catalog.ts';
import { type Directories, expandExamples, type Split, splitData } from './data-sets/split.ts';
import { judgeModel } from './evaluation/judge.ts';
import { fitConfidence } from './release/confidence.ts';
import { type Circumstances, draftManifest } from './release/draft-manifest.ts';
import { freezeBaselines, freezeTextBaselines } from './release/frozen-baseline.ts';
import { referenceTexts } from './release/reference-texts.ts';
import { wholeRelease } from './release/whole-release.ts';
import type { Task } from './task.ts';
import type { Trained } from './trainer.ts';
import { trainers } from './trainers.ts';

export interface TrainingProgress {
  readonly stage: 'reading' | 'fitting' | 'judging';
  /** Share of the stage that is done, 0–1. */
  readonly done: number;
  /** Mean loss of the last steps, while fitting. */
  readonly loss?: number;
}

export interface TrainOptions extends Circumstances {
  /** Where the language model of the baselines is looked for: stores, or folders of one. The first that has it is used. */
  readonly stores: readonly (ModelStore | string)[];
  /** Directory with data that may be used to judge but not be passed on. */
  readonly unshipped?: string | undefined;
  readonly directories?: Pick<Directories, 'data' | 'samples'>;
  /** What is learned from and judged on; by default what the task’s own data sets give. */
  readonly split?: Split | undefined;
  /** Where the run is noted. */
  readonly log?: ExperimentLog | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains `task` and gives the release, which is written nowhere yet. Same code, data and seed give the same bytes. The
 * baselines need a language model, except for the language task itself. Throws `Misconfigured` for missing data or
 * language model, and the signal’s reason when aborted.
 */
export async function train(task: Task, options: TrainOptions): Promise<WholeRelease> {
  const directories: Directories = {
    ...(options.directories ?? repositoryDirectories),
    unshipped: options.unshipped,
  };
  options.onProgress?.({ stage: 'reading', done: 0 });
  // First: a missing one must not be found after an hour of training.
  const language = task.task === 'language' ? null : await loadLanguageModel(options.stores);
  const split = options.split ?? (await splitData(task, directories, options.seed));
  const run = options.log?.startRun(startOf(task, split, options));
  try {
    const trained = await fitTask(task, split, options, run);
    const release = await judged(task, split, trained, language, { ...options, ...directories });
    const { manifest, card } = release;
    const artifacts = new Map([
      ['card.md', card],
      ['manifest.json', JSON.stringify(manifest, null, 2)],
    ]);
    await run?.end('finished', { figures: flatFigures(manifest), release: manifest.release, artifacts });
    return release;
  } catch (error) {
    await run?.end(options.signal?.aborted ? 'stopped' : 'failed', { error: String(error) });
    throw error;
  } finally {
    await language?.close();
  }
}

const startOf = (task: Task, split: Split, { seed, commit, parent }: TrainOptions): RunStart => ({
  task: task.task,
  trainer: task.training.kind,
  parameters: trainers[task.training.kind].parameters.parse(task.training.parameters),
  data: split.used.map(({ set, rows, sha256 }) => ({ name: set.file, rows, sha256 })),
  seed,
  commit,
  parent: parent?.manifest.release,
});

async function fitTask(
  task: Task,
  split: Split,
  { seed, signal, onProgress, parent }: TrainOptions,
  run: Run | undefined,
): Promise<Trained> {
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
    onEpoch: (epoch, devScore) => {
      run?.epoch(epoch, { devScore });
      return 'go-on';
    },
    parent,
    onProgress: (done, loss) =>
      onProgress?.({ stage: 'fitting', done, ...(loss === undefined ? {} : { loss }) }),
  });
}

/** What was trained, as a release: judged on what it never saw, with its baselines. */
async function judged(
  task: Task,
  split: Split,
  trained: Trained,
  language: Model | null,
  options: TrainOptions & Directories,
): Promise<WholeRelease> {
  const { files } = trained;
  const plain = draftManifest(task, split, trained, options);
  // It widens searches and answers nothing: load-tests/retrieval.ts judges it.
  if (plain.kind === 'expander') return wholeRelease(plain, files, []);
  const loaded = await loadModel({ manifest: plain, files });
  const draft = { ...plain, ...(await fitConfidence(loaded, split.calibration, task.wantedAccuracy)) };
  const model = described(loaded, draft);
  const figures = [];
  for (const [at, { set, examples }] of split.tests.entries()) {
    options.onProgress?.({ stage: 'judging', done: at / split.tests.length });
    options.signal?.throwIfAborted();
    figures.push(await judgeModel(model, set, examples, { signal: options.signal }));
  }
  const texts = await referenceTexts(task, split, options.data);
  const baselines =
    plain.kind === 'ranker'
      ? await freezeTextBaselines(draft.release, language ?? model, texts)
      : await freezeBaselines(model, language ?? model, texts);
  await model.close();
  options.signal?.throwIfAborted();
  return wholeRelease({ ...draft, figures }, files, baselines);
}

/** The loaded model under another manifest: its session need not be opened anew for what only readers of answers use. */
const described = (model: Model, manifest: ModelManifest): Model => ({
  manifest,
  preparationKey: model.preparationKey,
  prepare: (inputs) => model.prepare(inputs),
  predict: (prepared, count) => model.predict(prepared, count),
  close: () => model.close(),
});

/** Throws `Misconfigured` where no store has one. */
async function loadLanguageModel(stores: TrainOptions['stores']): Promise<Model> {
  for (const [at, store] of stores.entries()) {
    try {
      return await loadModel((await loadServing(store, ['language']))[0]!);
    } catch (error) {
      if (!isAbsence(error) || at === stores.length - 1) throw error;
    }
  }
  throw new Error('no store was given');
}
