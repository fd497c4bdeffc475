// `node --import tsx load-tests/active-learning.ts`: what 300 labels teach when they are chosen as `millrace label next`
// chooses them, beside 300 that chance chooses. A linear model is trained on a small labelled part of a set that is in
// the repository; then, in rounds, it answers a pool, messages of it are labelled, and it is trained anew.
import { parseArgs } from 'node:util';
import { loadLinearModel } from '../processors/inference/linear-model.ts';
import { answer } from '../processors/inference/model.ts';
import { type Candidate, type SelectionWeights, selectForLabelling } from '../processors/labels/selection.ts';
import { table } from '../streams/terminal.ts';
import { readRows } from '../trainers/data-sets/rows.ts';
import { linearTrainer } from '../trainers/linear/trainer.ts';
import { createRandom, shuffle } from '../trainers/random.ts';
import type { Example } from '../trainers/trainer.ts';

const usage = `node --import tsx load-tests/active-learning.ts [--only banking77] [--ways chance,"label next"] [--start 300] [--rounds 6] [--seeds 5] [--json]\n`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    ways: { type: 'string' },
    start: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '6' },
    seeds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const sets = [
  { name: 'banking77', file: 'banking77/train', test: 'banking77/test' },
  { name: 'hwu64', file: 'hwu64/train', test: 'hwu64/test' },
  { name: 'movie_reviews', file: 'movie_reviews/passages', test: null },
] as const;

const defaults: SelectionWeights = { uncertainty: 1, disagreement: 1, drift: 0.5, diversity: 0.5 };
/** How the labels are chosen; null: by chance. */
const ways: Readonly<Record<string, SelectionWeights | null>> = {
  chance: null,
  'label next': defaults,
  'without diversity': { ...defaults, diversity: 0 },
  'diversity alone': { ...defaults, uncertainty: 0, diversity: 1 },
};

const startRows = Number(values.start);
const poolRows = 3_000;
const testRows = 2_000;
const labelsWanted = 300;
const rounds = Number(values.rounds);
const labelsPerRound = labelsWanted / rounds;
const waysWanted = values.ways?.split(',') ?? Object.keys(ways);

interface Split {
  readonly start: readonly Example[];
  readonly pool: readonly Example[];
  readonly test: readonly Example[];
}

async function splitOf({ file, test }: (typeof sets)[number], seed: number): Promise<Split> {
  const read = async (name: string): Promise<readonly Example[]> =>
    (await readRows(new URL(`../trainers/data/${name}.jsonl.gz`, import.meta.url).pathname)).map((row) => ({
      text: String(row.text),
      labels: [String(row.label)],
    }));
  const rows = shuffled(await read(file), seed);
  const pool = rows.slice(startRows, startRows + poolRows);
  const held = test === null ? rows.slice(startRows + poolRows) : await read(test);
  return { start: rows.slice(0, startRows), pool, test: held.slice(0, testRows) };
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const order = Int32Array.from(items, (_, index) => index);
  shuffle(order, createRandom(seed));
  return Array.from(order, (index) => items[index]!);
}

/** A model trained on examples: what it says of texts, a row of probabilities each. */
async function trained(labels: readonly string[], train: readonly Example[], seed: number) {
  const { shape, files } = await linearTrainer.fit(
    { labels, activation: 'softmax', train, dev: [] },
    linearTrainer.parameters.parse({}),
    { seed },
  );
  const manifest = { ...shape, task: 'bench', release: 'bench@1.0.0', labels, emptyLabel: 'none' };
  const model = await loadLinearModel({ manifest: manifest as never, files });
  return {
    async probabilities(texts: readonly string[]): Promise<readonly Float32Array[]> {
      const rows: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += 256) {
        const flat = await answer(model, texts.slice(from, from + 256));
        for (let at = 0; at < flat.length; at += labels.length) rows.push(flat.slice(at, at + labels.length));
      }
      return rows;
    },
    close: () => model.close(),
  };
}

/** Accuracy on the held-out rows before the first label and after every round. */
async function learn({ start, pool, test }: Split, weights: SelectionWeights | null, seed: number) {
  const labels = [...new Set([...start, ...pool, ...test].flatMap((example) => example.labels))].sort();
  let known = [...start];
  let left = [...pool];
  const accuracies: number[] = [];
  for (let round = 0; ; round += 1) {
    const model = await trained(labels, known, seed);
    const answers = await model.probabilities(test.map(({ text }) => text));
    const right = answers.filter((row, at) => labels[row.indexOf(Math.max(...row))] === test[at]!.labels[0]);
    accuracies.push(right.length / test.length);
    if (round < rounds) {
      const chosen = weights
        ? select(left, await model.probabilities(left.map(({ text }) => text)), { weights, known })
        : shuffled(left, 1_000 * seed + round).slice(0, labelsPerRound);
      known = [...known, ...chosen];
      const taken = new Set(chosen);
      left = left.filter((example) => !taken.has(example));
    }
    await model.close();
    if (round === rounds) return accuracies;
  }
}

function select(
  left: readonly Example[],
  rows: readonly Float32Array[],
  { weights, known }: { weights: SelectionWeights; known: readonly Example[] },
): readonly Example[] {
  const candidates = left.map((example, at): Candidate & { readonly example: Example } => ({
    example,
    text: example.text,
    probabilities: [...rows[at]!].sort((one, two) => two - one).slice(0, 3),
    disputed: false,
    drifted: false,
  }));
  const lately = known.slice(-100).map(({ text }) => text);
  const chosen = selectForLabelling(candidates, { count: labelsPerRound, weights, known: lately });
  return chosen.map(({ candidate }) => candidate.example);
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
const deviation = (numbers: readonly number[]): number =>
  Math.sqrt(
    mean(numbers.map((value) => (value - mean(numbers)) ** 2)) * (numbers.length / (numbers.length - 1)),
  );
const percent = (share: number): number => Number((100 * share).toFixed(2));

async function measure(set: (typeof sets)[number], seeds: number) {
  const runs = new Map<string, number[][]>();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const split = await splitOf(set, seed);
    for (const way of ['chance', ...waysWanted.filter((name) => name !== 'chance')]) {
      const weights = ways[way] ?? null;
      const accuracies = await learn(split, weights, seed);
      runs.set(way, [...(runs.get(way) ?? []), accuracies]);
      process.stderr.write(`${set.name} ${seed} ${way}: ${accuracies.map(percent).join(' ')}\n`);
    }
  }
  const last = (way: string) => runs.get(way)!.map((accuracies) => accuracies.at(-1)!);
  return [...runs].map(([way, curves]) => {
    const gains = last(way).map((accuracy, at) => accuracy - last('chance')[at]!);
    return {
      set: set.name,
      way,
      before: percent(mean(curves.map((curve) => curve[0]!))),
      halfway: percent(mean(curves.map((curve) => curve[Math.ceil(rounds / 2)]!))),
      'after 300': percent(mean(last(way))),
      'gain over chance': percent(mean(gains)),
      '± of the seeds': percent(deviation(gains)),
    };
  });
}

if (values.help) process.stdout.write(usage);
else {
  const rows = [];
  for (const set of sets)
    if (values.only === undefined || values.only === set.name)
      rows.push(...(await measure(set, Number(values.seeds))));
  process.stdout.write(values.json ? `${JSON.stringify(rows)}\n` : table(rows));
}
