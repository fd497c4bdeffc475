// Trains a task and writes its release: data, fit, calibration, quantization, ONNX, figures, baselines, card.
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadServing } from '../connectors/model-store.ts';
import { cleanText } from '../processors/features/cleaning.ts';
import { NgramModel } from '../processors/inference/ngram-model.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import { fitTemperature, fitThresholds } from './calibration.ts';
import { printCard } from './card.ts';
import { buildCorpus } from './corpus.ts';
import { judgeModel } from './evaluation.ts';
import { fit } from './fit.ts';
import { freezeBaselines } from './frozen-baseline.ts';
import type { Network } from './network.ts';
import { writeOnnx } from './onnx.ts';
import { quantize } from './quantization.ts';
import { createRandom } from './random.ts';
import { readRows, textOf } from './rows.ts';
import { type Directories, expandExamples, type Split, splitData, type UsedSet } from './split.ts';
import type { Task } from './task.ts';

export interface TrainingProgress {
  readonly stage: 'reading' | 'featurizing' | 'fitting' | 'calibrating' | 'judging' | 'writing';
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

interface Fitted {
  /** Quantized and with the temperature applied: what the ONNX file computes. */
  readonly network: Network;
  readonly temperature: number;
  readonly thresholds: Readonly<Record<string, number>> | undefined;
}

/**
 * Trains `task` and writes its release. Same code, data and seed give the same bytes; the baselines need a language
 * model in `out`, except for the language task itself. Throws `Misconfigured` for missing data or language model.
 */
export async function train(task: Task, options: TrainOptions): Promise<ModelManifest> {
  const directories: Directories = { ...(options.directories ?? repository), unshipped: options.unshipped };
  const report = (stage: TrainingProgress['stage'], done: number) => options.onProgress?.({ stage, done });
  report('reading', 0);
  const split = await splitData(task, directories, options.seed);
  const { network, temperature, thresholds } = await fitTask(task, split, options);
  report('judging', 0);
  const onnx = writeOnnx(network);
  const draft = describe(task, split, { temperature, thresholds, seed: options.seed });
  const model = await NgramModel.load({ manifest: draft, onnx });
  const figures = [];
  for (const { set, examples } of split.tests) {
    options.signal?.throwIfAborted();
    figures.push(await judgeModel(model, set, examples));
  }
  const baseline = await baselineJson(task, model, directories.data, options.out);
  await model.close();
  options.signal?.throwIfAborted();
  report('writing', 0);
  const files = { 'model.onnx': sha256(onnx), 'baseline.json': sha256(baseline) };
  const manifest: ModelManifest = { ...draft, figures, files };
  await writeRelease(options.out, manifest, onnx, baseline);
  return manifest;
}

async function fitTask(task: Task, split: Split, options: TrainOptions): Promise<Fitted> {
  const { seed, signal, onProgress } = options;
  const { labels, featurizer, activation, dimensions } = task;
  onProgress?.({ stage: 'featurizing', done: 0 });
  const corpus = buildCorpus(expandExamples(task, split.train, seed), labels, featurizer);
  signal?.throwIfAborted();
  const network = await fit({ featurizer, labels, activation, dimensions }, corpus, {
    ...task.fit,
    seed,
    signal,
    onProgress: (done, loss) => onProgress?.({ stage: 'fitting', done, loss }),
  });
  onProgress?.({ stage: 'calibrating', done: 0 });
  const held = buildCorpus(split.calibration, labels, featurizer);
  const temperature = fitTemperature(quantize(network, 1), held);
  const quantized = quantize(network, temperature);
  const isMulti = split.calibration.some((example) => example.labels.length > 1);
  const found = isMulti ? fitThresholds(quantized, held) : undefined;
  const thresholds = found && Object.fromEntries(labels.map((label, index) => [label, found[index]!]));
  return { network: quantized, temperature, thresholds };
}

/** The manifest before its figures and file hashes are known. */
function describe(
  task: Task,
  split: Split,
  { temperature, thresholds, seed }: Omit<Fitted, 'network'> & { seed: number },
): ModelManifest {
  const { version, doc, labels, activation, emptyLabel, featurizer, targets, limits } = task;
  return {
    task: task.task,
    version,
    release: `${task.task}@${version}`,
    kind: 'ngram',
    doc,
    labels,
    activation,
    emptyLabel,
    featurizer,
    temperature,
    ...(thresholds === undefined ? {} : { thresholds }),
    files: { 'model.onnx': '0'.repeat(64), 'baseline.json': '0'.repeat(64) },
    data: [...split.used.map(describeSet), ...describeWritten(task, seed)],
    figures: [],
    targets,
    limits,
    seed,
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

async function baselineJson(task: Task, model: NgramModel, data: string, out: string): Promise<Buffer> {
  const files = task.reference.map((name) => readRows(join(data, 'reference', `${name}.jsonl.gz`)));
  const texts = (await Promise.all(files)).flat().map((row) => cleanText(textOf(row)));
  const isLanguage = task.task === 'language';
  const languageModel = isLanguage
    ? model
    : await NgramModel.load((await loadServing(out, ['language']))[0]!);
  const baselines = await freezeBaselines(model, languageModel, texts);
  if (!isLanguage) await languageModel.close();
  return Buffer.from(`${JSON.stringify(baselines, null, 1)}\n`);
}

/** Writes beside the place and renames: a reader sees a whole release or none. */
async function writeRelease(
  out: string,
  manifest: ModelManifest,
  onnx: Uint8Array,
  baseline: Buffer,
): Promise<void> {
  const folder = join(out, manifest.task, manifest.version);
  const draft = join(out, manifest.task, `.${manifest.version}.writing`);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'model.onnx'), onnx);
  await writeFile(join(draft, 'baseline.json'), baseline);
  await writeFile(join(draft, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(draft, 'card.md'), printCard(manifest, onnx.length));
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
