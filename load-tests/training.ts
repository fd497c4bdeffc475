// `node --import tsx load-tests/training.ts`: training and inference here beside scikit-learn and Python’s onnxruntime,
// on the same data in the same run, with scores beside times. Prints a table, or JSON.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../streams/terminal.ts';
import { repositorySets } from '../trainers/data-sets/catalog.ts';
import { splitData } from '../trainers/data-sets/split.ts';
import { toxicity } from '../trainers/tasks/toxicity.ts';
import { measureForests } from './training/forests.ts';
import { compare, type Measured, type Served } from './training/measurement.ts';
import {
  featuresPerText,
  measureForestInference,
  measureNgrams,
  ngramOptions,
  type Texts,
} from './training/texts.ts';

const usage = `node --import tsx load-tests/training.ts [--rows 10000] [--trees 100] [--threads 1] [--seeds 1,2] [--texts 6000] [--json] [--save]

PYTHON=<a Python with scikit-learn and onnxruntime>; without it they are installed into a temporary folder.

Examples:
  node --import tsx load-tests/training.ts
  PYTHON=/tmp/venv/bin/python node --import tsx load-tests/training.ts --threads 2 --save
`;

const { values: given } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    trees: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1,2' },
    texts: { type: 'string', default: '6000' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Texts of the toxicity task: every text of the split is taken until there are enough. */
async function readTexts(count: number): Promise<Texts> {
  const samples = fileURLToPath(new URL('../samples', import.meta.url));
  const { train } = await splitData(toxicity, { data: repositorySets, samples }, 1);
  const step = Math.max(1, Math.floor(train.length / count));
  const chosen = train.filter((_, at) => at % step === 0).slice(0, count);
  return { learned: chosen.filter((_, at) => at % 4 > 0), held: chosen.filter((_, at) => at % 4 === 0) };
}

/** A Python with the libraries: the caller’s, or one in the folder. */
function pythonIn(folder: string): string {
  if (process.env.PYTHON) return process.env.PYTHON;
  execFileSync('python3', ['-m', 'venv', join(folder, 'venv')]);
  execFileSync(join(folder, 'venv/bin/pip'), ['install', '-q', 'scikit-learn', 'onnxruntime'], {
    stdio: 'inherit',
  });
  return join(folder, 'venv/bin/python');
}

async function run(folder: string) {
  const plan = {
    rows: Number(given.rows),
    columns: 25,
    trees: Number(given.trees),
    threads: Number(given.threads),
    seeds: given.seeds.split(',').map(Number),
  };
  const texts = await readTexts(Number(given.texts));
  const forests = await measureForests(folder, plan);
  const ngrams = await measureNgrams(folder, texts);
  const forest = await measureForestInference(folder, texts, plan.trees);
  const served: readonly Served[] = [ngrams.served, forest.served];
  const { epochs } = ngramOptions;
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...plan, epochs, served }));
  const script = fileURLToPath(new URL('./python/train_forest.py', import.meta.url));
  const printed = execFileSync(pythonIn(folder), [script, folder, String(plan.threads)], {
    encoding: 'utf8',
  });
  const here = [...forests, ...ngrams.results, ...forest.results];
  const units = new Map(served.map((one) => [one.what, one.times * one.texts]));
  units.set('n-gram training', epochs * texts.learned.length);
  const results = compare(here, JSON.parse(printed) as readonly Measured[], units);
  return {
    ...plan,
    texts: texts.learned.length,
    featuresPerText: Math.round(featuresPerText(texts)),
    results,
  };
}

if (given.help) process.stdout.write(usage);
else {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-training-'));
  try {
    const machine = { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? '' };
    const report = { when: new Date().toISOString(), machine, ...(await run(folder)) };
    const file = new URL('./results/training.json', import.meta.url);
    if (given.save) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(given.json ? `${JSON.stringify(report)}\n` : table(report.results));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
