// Makes a smaller release of a release: prunes its table, measures size, speed and score before and after on held-out
// rows, and writes it only when the score falls by no more than it may.
import { performance } from 'node:perf_hooks';
import { isPublished, type ModelStore } from '../../connectors/model-store.ts';
import { loadModel } from '../../processors/inference/load-model.ts';
import { answer, type Model } from '../../processors/inference/model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Figures } from '../../schemas/model-figures.ts';
import type { LoadableModel, ModelManifest, ModelRelease } from '../../schemas/model-manifest.ts';
import type { Split } from '../data-sets/split.ts';
import { judgeModel } from '../evaluation/judge.ts';
import { freezeBaselines } from '../release/frozen-baseline.ts';
import { referenceTexts } from '../release/reference-texts.ts';
import { wholeRelease } from '../release/whole-release.ts';
import type { Task } from '../task.ts';
import { bucketsToKeep, frequenciesOf, openTable, type PruningMethod, unseenShare } from './pruning.ts';

export interface OptimisationOptions {
  readonly method: PruningMethod;
  /** Share of the buckets that weigh anything to drop. Without one `prune` drops half, `buckets` those that no training text has. */
  readonly sparsity?: number | undefined;
  /** Version of the new release. */
  readonly version: string;
  /** Points of accuracy or macro-F1 that may be lost. */
  readonly dropLimit: number;
  /** Where the release is published. */
  readonly store: ModelStore;
  /** Directory with the reference rows, `reference/<name>.jsonl.gz`. */
  readonly data: string;
  /** The release whose answers the language baseline counts; null for the language task itself. */
  readonly language: LoadableModel | null;
  /** Measures only. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((stage: string) => void) | undefined;
}

/** A model on held-out rows. Accuracy and macro-F1 are means over the sets, each row counting once. */
export interface Measured {
  /** Bytes of `model.onnx`. */
  readonly bytes: number;
  readonly buckets: number;
  readonly textsPerSecond: number;
  readonly accuracy: number;
  readonly macroF1: number;
}

export interface OptimisationReport {
  readonly from: string;
  readonly release: string;
  readonly method: PruningMethod;
  /** Share of the buckets that was asked to be dropped. */
  readonly sparsity: number;
  readonly rows: number;
  readonly before: Measured;
  readonly after: Measured;
  /** Points lost, of accuracy or macro-F1, whichever lost more; below zero where both rose. */
  readonly drop: number;
  readonly dropLimit: number;
  readonly released: boolean;
}

/**
 * Prunes `parent` and writes the result as a new release, unless the score falls by more than `dropLimit` points: the
 * report then says `released: false`, and nothing is published. Throws `Misconfigured` for what cannot be pruned or
 * judged, and for a version that exists.
 */
export async function optimise(
  parent: ModelRelease,
  task: Pick<Task, 'reference'>,
  split: Split,
  options: OptimisationOptions,
): Promise<OptimisationReport> {
  const { method, version, dropLimit, signal, onProgress } = options;
  await refuseExisting(parent, options);
  const tests = split.tests.filter(({ examples }) => examples.length > 0);
  if (tests.length === 0) throw nothingHeldOut(parent.manifest.release);
  const table = openTable(parent);
  onProgress?.('pruning');
  const frequencies =
    method === 'buckets'
      ? frequenciesOf([...split.train, ...split.calibration], table.featurizer)
      : undefined;
  const sparsity = options.sparsity ?? (frequencies ? unseenShare(table.norms, frequencies) : 0.5);
  const known = bucketsToKeep(table.norms, sparsity, frequencies ?? table.norms);
  const files = new Map([...parent.files, ['model.onnx', table.write(known)] as const]);
  const manifest = nextManifest(parent.manifest, version, { method, sparsity });
  signal?.throwIfAborted();
  onProgress?.('judging before');
  const before = await measure(parent, { tests, buckets: countWhere(table.norms) });
  signal?.throwIfAborted();
  onProgress?.('judging after');
  const after = await measure({ manifest, files } as LoadableModel, { tests, buckets: countWhere(known) });
  const drop = points(
    Math.max(
      before.measured.accuracy - after.measured.accuracy,
      before.measured.macroF1 - after.measured.macroF1,
    ),
  );
  const report: OptimisationReport = {
    from: parent.manifest.release,
    release: manifest.release,
    method,
    sparsity,
    rows: tests.reduce((sum, { examples }) => sum + examples.length, 0),
    before: before.measured,
    after: after.measured,
    drop,
    dropLimit,
    released: drop <= dropLimit && options.dryRun !== true,
  };
  if (!report.released) return report;
  signal?.throwIfAborted();
  onProgress?.('writing');
  await release({ manifest, files } as LoadableModel, {
    task,
    split,
    report,
    options,
    figures: after.figures,
  });
  return report;
}

const points = (share: number): number => Math.round(share * 1e4) / 100;

const countWhere = (values: Float64Array | Uint8Array): number => {
  let count = 0;
  for (const value of values) if (value > 0) count++;
  return count;
};

async function refuseExisting(
  { manifest }: ModelRelease,
  { store, version }: OptimisationOptions,
): Promise<void> {
  if (!(await isPublished(store, `${manifest.task}@${version}`))) return;
  throw new Misconfigured(
    `there is a release ${manifest.task}@${version} already, and releases never change`,
    {
      code: 'release-exists',
      fix: 'Name another version with --set-version.',
    },
  );
}

const nothingHeldOut = (release: string): Misconfigured =>
  new Misconfigured(`there are no held-out rows to judge ${release} by`, {
    code: 'no-test-data',
    fix: 'Name a set with a test split with --on, or the directory with the task’s test data with --data.',
  });

function nextManifest(
  parent: ModelManifest,
  version: string,
  optimisation: Readonly<Record<string, unknown>>,
): ModelManifest {
  return {
    ...parent,
    version,
    release: `${parent.task}@${version}`,
    parent: parent.release,
    parameters: { ...parent.parameters, optimisation },
  };
}

/** Least time a speed is measured for, in milliseconds. */
const speedTimeMin = 500;

async function measure(
  loadable: LoadableModel,
  { tests, buckets }: { readonly tests: Split['tests']; readonly buckets: number },
) {
  const model = await loadModel(loadable);
  try {
    const figures: Figures[] = [];
    for (const { set, examples } of tests) figures.push(await judgeModel(model, set, examples));
    const rows = figures.reduce((sum, { samples }) => sum + samples, 0);
    const mean = (name: 'accuracy' | 'macroF1') =>
      figures.reduce((sum, figure) => sum + (figure[name] ?? 0) * figure.samples, 0) / rows;
    const texts = tests.flatMap(({ examples }) => examples.slice(0, 2_000).map(({ text }) => text));
    const measured: Measured = {
      bytes: loadable.files.get('model.onnx')!.length,
      buckets,
      textsPerSecond: await speedOf(model, texts),
      accuracy: mean('accuracy'),
      macroF1: mean('macroF1'),
    };
    return { measured, figures };
  } finally {
    await model.close();
  }
}

async function speedOf(model: Model, texts: readonly string[]): Promise<number> {
  const began = performance.now();
  let done = 0;
  for (let from = 0; performance.now() - began < speedTimeMin; from = (from + 256) % texts.length) {
    const batch = texts.slice(from, from + 256);
    await answer(model, batch);
    done += batch.length;
  }
  return Math.round((1_000 * done) / (performance.now() - began));
}

interface Release {
  readonly task: Pick<Task, 'reference'>;
  readonly split: Split;
  readonly report: OptimisationReport;
  readonly options: OptimisationOptions;
  readonly figures: ModelManifest['figures'];
}

async function release(loadable: LoadableModel, { task, split, report, options, figures }: Release) {
  const texts = await referenceTexts(task, split, options.data);
  const model = await loadModel(loadable);
  const language = options.language && (await loadModel(options.language));
  const baselines = await freezeBaselines(model, language ?? model, texts);
  await language?.close();
  await model.close();
  const manifest = {
    ...loadable.manifest,
    figures,
    limits: [...loadable.manifest.limits, sentenceOf(report)],
  } as ModelManifest;
  await options.store.publish(wholeRelease(manifest, loadable.files, baselines));
}

/** What the card says of it. */
function sentenceOf({ from, method, sparsity, rows, before, after, drop }: OptimisationReport): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
  const how = method === 'prune' ? 'of the smallest weight' : 'rarest in training texts';
  return `Pruned from ${from}: ${(100 * sparsity).toFixed(0)} % of the buckets, those ${how}, were dropped; ${megabytes(before.bytes)} → ${megabytes(after.bytes)} MB, ${drop.toFixed(2)} points lost on ${rows} held-out rows.`;
}
