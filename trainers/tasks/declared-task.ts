// A task over one data set: what a person gets who names a set instead of writing a task.
import { Misconfigured } from '../../schemas/errors.ts';
import type { DataSet } from '../data-sets/open.ts';
import { splitOf } from '../data-sets/partition.ts';
import type { Split } from '../data-sets/split.ts';
import type { Task, DataSet as TaskSet, Training } from '../task.ts';
import type { Example } from '../trainer.ts';

/** The shares of a set that is split nowhere else. */
const shares = { train: 0.8, dev: 0.1, test: 0.1 };
const devNames = ['dev', 'validation', 'calibration'];

export interface DeclaredTask {
  readonly task: Task;
  readonly split: Split;
}

/**
 * The task `name` over `set`, and what is learned from and judged on: its splits train, dev and test, or where it lacks
 * one of these, shares of its rows by their texts. The kind of the set decides the labels and the default trainer:
 * n-grams for labels, trees for scores, the ranker for pairs. Throws `Misconfigured` for sets without answers.
 */
export async function declareTask(
  name: string,
  version: string,
  set: DataSet,
  seed: number,
): Promise<DeclaredTask> {
  const { manifest, hash } = set;
  const parts = await partsOf(set, seed);
  const all = [...parts.train, ...parts.dev, ...parts.test];
  const labels = labelsOf(set, all);
  const description = { licence: manifest.licence, source: manifest.source, shipped: manifest.ships };
  const use = (role: TaskSet['role'], examples: readonly Example[]) => ({
    set: { file: `${manifest.name}@${manifest.version}`, role, ...description, examples: () => [] },
    rows: examples.length,
    sha256: hash,
    manifest: hash,
    examples,
  });
  const test = use('test', parts.test);
  return {
    task: {
      task: name,
      version,
      doc: `Learned from the data set ${manifest.name}@${manifest.version}: ${manifest.doc}`,
      labels,
      activation: activationOf(set, all),
      emptyLabel: mostFrequent(parts.train) ?? labels[0]!,
      training: trainingOf(set),
      balancePower: 1,
      calibrationShare: shares.dev,
      dataSets: [],
      reference: [],
      targets: [],
      limits: ['Judged on rows of the set it was learned from: other texts may be harder.'],
    },
    split: {
      train: parts.train,
      calibration: parts.dev,
      tests: parts.test.length > 0 ? [test] : [],
      used: [use('train', parts.train), use('calibration', parts.dev), test].filter(({ rows }) => rows > 0),
    },
  };
}

type Parts = Readonly<Record<'train' | 'dev' | 'test', readonly Example[]>>;

async function partsOf(set: DataSet, seed: number): Promise<Parts> {
  const parts: Record<'train' | 'dev' | 'test', Example[]> = { train: [], dev: [], test: [] };
  const dev = set.splits.find((split) => devNames.includes(split));
  const hasTest = set.splits.includes('test');
  for (const split of set.splits.length > 0 ? set.splits : [undefined]) {
    for await (const example of set.examples(split)) {
      if (split === 'test' || split === dev) parts[split === 'test' ? 'test' : 'dev'].push(example);
      else parts[restOf(example.text, seed, dev !== undefined, hasTest)].push(example);
    }
  }
  if (parts.train.length > 0) return parts;
  throw new Misconfigured(`the data set ${set.manifest.name} has no row to learn from`, {
    code: 'data-empty',
    fix: `See “millrace data report ${set.manifest.name}” for what was left out and why.`,
  });
}

/** The part of a row that its set puts into none of those that are kept from training. */
function restOf(text: string, seed: number, hasDev: boolean, hasTest: boolean): 'train' | 'dev' | 'test' {
  const part = splitOf(text, seed, shares) as 'train' | 'dev' | 'test';
  return (part === 'dev' && hasDev) || (part === 'test' && hasTest) ? 'train' : part;
}

function labelsOf({ manifest }: DataSet, examples: readonly Example[]): readonly string[] {
  if (isScored(examples)) return ['score'];
  const labels = [...new Set(examples.flatMap((example) => example.labels))].sort();
  if (labels.length > 1) return labels;
  throw new Misconfigured(
    `the data set ${manifest.name} has ${labels.length} label, two are needed to tell apart`,
    {
      code: 'data-without-labels',
      fix: 'Name the column of the labels when the set is added: “millrace data add … --label <column>”.',
    },
  );
}

const isScored = (examples: readonly Example[]): boolean =>
  examples.some(({ values }) => values !== undefined);

function activationOf({ manifest }: DataSet, examples: readonly Example[]): Task['activation'] {
  if (isScored(examples)) return 'identity';
  return manifest.kind === 'multi-label' ? 'sigmoid' : 'softmax';
}

function trainingOf({ manifest }: DataSet): Training {
  if (manifest.kind === 'score') return { kind: 'forest', parameters: {} };
  if (manifest.kind === 'pairs') return { kind: 'ranker', parameters: {} };
  return { kind: 'ngram', parameters: {} };
}

function mostFrequent(examples: readonly Example[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { labels } of examples)
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
