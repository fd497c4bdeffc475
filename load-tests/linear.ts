// `node --import tsx load-tests/linear.ts --data <directory>`: trains the linear kind on public sets and prints what it
// reaches on their test rows beside what TF-IDF with LinearSVC reached there (SOURCES.md of the data), and with
// PYTHON=<python with scikit-learn> beside scikit-learn's score and time in the same run. With --ngram: how fast the
// n-gram kind trains, in one thread and in shards, and what eight bits cost, on comments that are in the repository.
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadLinearModel } from '../processors/inference/linear-model.ts';
import { answer } from '../processors/inference/model.ts';
import { table } from '../streams/terminal.ts';
import { readRows } from '../trainers/data-sets/rows.ts';
import { linearTrainer } from '../trainers/linear/trainer.ts';
import { buildCorpus, type Corpus } from '../trainers/ngram/corpus.ts';
import { fit } from '../trainers/ngram/fit.ts';
import { logitsOf, type Network } from '../trainers/ngram/network.ts';
import { quantize } from '../trainers/ngram/quantization.ts';
import { fitInShards } from '../trainers/ngram/shards.ts';
import type { Example } from '../trainers/trainer.ts';
import { ngramFeaturizer } from './training/texts.ts';

const usage = `node --import tsx load-tests/linear.ts --data <directory> [--only clinc150,sst2] [--set documentsMin=2]… [--json]
node --import tsx load-tests/linear.ts --ngram [--json]

Examples:
  node --import tsx load-tests/linear.ts --data ../data
  PYTHON=/tmp/venv/bin/python node --import tsx load-tests/linear.ts --data ../data --only sst2
`;

/** A public set: training and test files, or one file that is folded. */
interface PublicSet {
  readonly name: string;
  readonly train: string;
  readonly test: string;
  /** Accuracy and macro-F1, per cent, of TF-IDF words 1–2 + char_wb 2–5 with LinearSVC, as SOURCES.md has them. */
  readonly reference: readonly [accuracy: number, macroF1: number];
  readonly without?: readonly string[];
  readonly column?: string;
  /** Rows with one label only, as the reference was measured. */
  readonly singleLabel?: boolean;
  /** What the trainer is told beyond its defaults: rare labels count as in the reference. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Every fifth row is the test: the reference is a mean over five such folds. */
  readonly folded?: boolean;
}

const sets: readonly PublicSet[] = [
  {
    name: 'clinc150',
    train: 'clinc150/train',
    test: 'clinc150/test',
    reference: [92.9, 92.8],
    without: ['oos'],
  },
  {
    name: 'clinc150 domains',
    train: 'clinc150/train',
    test: 'clinc150/test',
    reference: [97.7, 97.7],
    without: ['oos'],
    column: 'domain',
  },
  { name: 'banking77', train: 'banking77/train', test: 'banking77/test', reference: [91.3, 91.3] },
  { name: 'hwu64', train: 'hwu64/train', test: 'hwu64/test', reference: [88.5, 88.3] },
  { name: 'trec6', train: 'trec6/train', test: 'trec6/test', reference: [90.4, 89.8] },
  { name: 'sst2', train: 'sst2/train', test: 'sst2/test', reference: [83.1, 83.1] },
  { name: 'olid', train: 'olid/train', test: 'olid/test', reference: [78.7, 73.1] },
  {
    name: 'davidson',
    train: 'davidson_hate_offensive/all',
    test: 'davidson_hate_offensive/all',
    options: { balance: 'balanced' },
    reference: [90, 73.4],
    folded: true,
  },
  {
    name: 'hatexplain',
    train: 'hatexplain_mirror/train',
    test: 'hatexplain_mirror/test',
    reference: [65.2, 63.5],
  },
  {
    name: 'emotion6',
    train: 'emotion6_carer/train',
    test: 'emotion6_carer/test',
    options: { balance: 'balanced' },
    reference: [88.7, 83.5],
  },
  {
    name: 'goemotions',
    train: 'goemotions/train',
    test: 'goemotions/test',
    options: { balance: 'balanced' },
    reference: [51.7, 43.6],
    singleLabel: true,
  },
];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    ngram: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The rows of both sides as examples. */
async function examplesOf(set: PublicSet, directory: string) {
  const read = async (file: string) =>
    (await readRows(`${directory}/${file}.jsonl.gz`)).flatMap((row): Example[] => {
      const label = String(row[set.column ?? 'label']);
      const several = Array.isArray(row.labels) && row.labels.length > 1;
      if (set.without?.includes(label) || (set.singleLabel && several)) return [];
      return [{ text: String(row.text), labels: [label] }];
    });
  const [train, test] = await Promise.all([read(set.train), read(set.test)]);
  if (!set.folded) return { train, test };
  return { train: train.filter((_, at) => at % 5 !== 0), test: test.filter((_, at) => at % 5 === 0) };
}

async function measure(set: PublicSet, directory: string) {
  const { train, test } = await examplesOf(set, directory);
  const labels = [...new Set(train.flatMap((example) => example.labels))].sort();
  const options = Object.fromEntries(
    values.set.map((assignment) => {
      const [name = '', text = ''] = assignment.split('=');
      return [name, Number.isNaN(Number(text)) ? text : Number(text)];
    }),
  );
  const began = performance.now();
  const used = process.cpuUsage();
  const trained = await linearTrainer.fit(
    { labels, activation: 'softmax', train, dev: [] },
    linearTrainer.parameters.parse({ ...set.options, ...options }),
    { seed: Number(values.seed) },
  );
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - began) / 1e3;
  const model = await loadLinearModel({
    manifest: {
      ...trained.shape,
      task: 'bench',
      release: 'bench@1.0.0',
      labels,
      emptyLabel: 'none',
    } as never,
    files: trained.files,
  });
  const texts = test.map(({ text }) => text);
  await answer(model, texts.slice(0, 256));
  const asked = performance.now();
  const probabilities: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += 256)
    probabilities.push(await answer(model, texts.slice(at, at + 256)));
  const answered = (performance.now() - asked) / 1e3;
  await model.close();
  const flat = probabilities.flatMap((part) => [...part]);
  const predicted = test.map((_, row) => {
    const scores = flat.slice(row * labels.length, (row + 1) * labels.length);
    return labels[scores.indexOf(Math.max(...scores))]!;
  });
  const truth = test.map((example) => example.labels[0]!);
  const [accuracy, macroF1] = scoresOf(truth, predicted);
  return {
    set: set.name,
    labels: labels.length,
    train: train.length,
    test: test.length,
    accuracy,
    macroF1,
    'SOURCES accuracy': set.reference[0],
    'SOURCES F1': set.reference[1],
    'train s': Number(seconds.toFixed(2)),
    'CPU s': Number(((user + system) / 1e6).toFixed(2)),
    'texts/s': Math.round(texts.length / answered),
    MB: Number((trained.files.get('model.onnx')!.length / 1e6).toFixed(2)),
    ...scikit(train, test),
  };
}

function scoresOf(truth: readonly string[], predicted: readonly string[]): readonly [number, number] {
  const names = [...new Set([...truth, ...predicted])];
  const f1 = names.map((name) => {
    const right = truth.filter((label, row) => label === name && predicted[row] === name).length;
    const named = truth.filter((label) => label === name).length;
    const called = predicted.filter((label) => label === name).length;
    return (2 * right) / (named + called);
  });
  const right = truth.filter((label, row) => predicted[row] === label).length;
  const percent = (share: number) => Number((100 * share).toFixed(1));
  return [percent(right / truth.length), percent(f1.reduce((sum, value) => sum + value, 0) / names.length)];
}

/** The same rows through scikit-learn, where PYTHON names an interpreter that has it. */
function scikit(train: readonly Example[], test: readonly Example[]): Readonly<Record<string, unknown>> {
  const python = process.env.PYTHON;
  if (!python) return {};
  const script = fileURLToPath(new URL('./python/train_linear.py', import.meta.url));
  const rows = (examples: readonly Example[]) => examples.map(({ text, labels }) => [text, labels[0]]);
  const input = JSON.stringify({ train: rows(train), test: rows(test) });
  return JSON.parse(execFileSync(python, [script], { input, maxBuffer: 1 << 28 }).toString()) as Record<
    string,
    unknown
  >;
}

/** Trains 16 dimensions on texts of 445 n-grams: samples per CPU-second, and accuracy with float and eight-bit tables. */
async function measureNgram() {
  const rows = await readRows(
    fileURLToPath(new URL('../trainers/data/jigsaw_wikipedia_subset/binary_5000.jsonl.gz', import.meta.url)),
  );
  const featurizer = { ...ngramFeaturizer, idsMax: 445 };
  const labels = [...new Set(rows.map((row) => String(row.label)))].sort();
  const examples = rows.map((row) => ({ text: String(row.text), labels: [String(row.label)] }));
  const corpusOf = (isTest: boolean) =>
    buildCorpus(
      examples.filter((_, at) => (at % 5 === 0) === isTest),
      labels,
      featurizer,
    );
  const [corpus, held] = [corpusOf(false), corpusOf(true)];
  const shape = { featurizer, labels, activation: 'softmax' as const, dimensions: 16 };
  const options = { seed: Number(values.seed), epochs: 10, learningRate: 0.2, dropout: 0.3 };
  const results = [];
  for (const shards of [1, 2, 4]) {
    const began = performance.now();
    const used = process.cpuUsage();
    const network =
      shards === 1
        ? await fit(shape, corpus, options)
        : await fitInShards(shape, corpus, { ...options, shards });
    const { user, system } = process.cpuUsage(used);
    const samples = options.epochs * corpus.size;
    results.push({
      shards,
      'n-grams a text': Math.round(corpus.ids.length / corpus.size),
      s: Number(((performance.now() - began) / 1e3).toFixed(2)),
      'samples/CPU s': Math.round((1e6 * samples) / (user + system)),
      'float accuracy': accuracyOf(network, held),
      'int8 accuracy': accuracyOf(quantize(network, 1), held),
      'float MB': Number(((4 * network.table.length) / 1e6).toFixed(2)),
      'int8 MB': Number((network.table.length / 1e6).toFixed(2)),
    });
  }
  return results;
}

function accuracyOf(network: Network, held: Corpus): number {
  const labels = network.bias.length;
  const logits = logitsOf(network, held);
  let right = 0;
  for (let row = 0; row < held.size; row++) {
    const scores = logits.subarray(row * labels, (row + 1) * labels);
    if (scores.indexOf(Math.max(...scores)) === held.labels[row]) right++;
  }
  return Number(((100 * right) / held.size).toFixed(2));
}

if (values.ngram) {
  const results = await measureNgram();
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : table(results));
} else if (values.help || !values.data) {
  (values.help ? process.stdout : process.stderr).write(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  const only = values.only?.split(',');
  const results = [];
  for (const set of sets) {
    if (only && !only.includes(set.name)) continue;
    const result = await measure(set, values.data);
    results.push(result);
    process.stderr.write(`${JSON.stringify(result)}\n`);
  }
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : table(results));
}
