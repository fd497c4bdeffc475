// The n-gram trainer: what it wrote before it had more options still comes out, to the bit; and what the options do.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { answer } from '../../../processors/inference/model.ts';
import { loadNgramModel } from '../../../processors/inference/ngram-model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import { buildCorpus } from '../../../trainers/ngram/corpus.ts';
import { fitInShards } from '../../../trainers/ngram/shards.ts';
import { ngramTrainer } from '../../../trainers/ngram/trainer.ts';
import { readInitializers } from '../../../trainers/optimisation/initializers.ts';
import type { Example, Trained, TrainingContext } from '../../../trainers/trainer.ts';

const emotions = (await readRows('trainers/data/goemotions/dev.jsonl.gz')).slice(0, 1_500);
const emotionLabels = [...new Set(emotions.flatMap((row) => row.labels as readonly string[]))].sort();
const several: readonly Example[] = emotions.map((row) => ({
  text: String(row.text),
  labels: row.labels as readonly string[],
}));
const single = several.map((example) => ({ ...example, labels: example.labels.slice(0, 1) }));

const intents = ['translate', 'transfer', 'timer', 'definition', 'insurance_change', 'find_phone'];
const clinc = async (kind: 'train' | 'dev'): Promise<readonly Example[]> =>
  (await readRows(`trainers/data/clinc150/${kind}.jsonl.gz`))
    .map((row) => ({ text: String(row.text), labels: [String(row.label)] }))
    .filter(({ labels }) => intents.includes(labels[0]!));
const [train, dev] = [await clinc('train'), await clinc('dev')];

const small = { wordBuckets: 4_096, characterBuckets: 8_192 };
const data = { labels: intents, activation: 'softmax' as const, train, dev };
const fit = (
  changes: Record<string, unknown> = {},
  context: Partial<TrainingContext> = {},
  given: Parameters<typeof ngramTrainer.fit>[0] = data,
) =>
  ngramTrainer.fit(given, ngramTrainer.parameters.parse({ ...small, ...changes }), { seed: 5, ...context });
const sha = (trained: Trained<'ngram'>) =>
  createHash('sha256').update(trained.files.get('model.onnx')!).digest('hex');

const releaseOf = (
  trained: Trained<'ngram'>,
  labels: readonly string[],
  parameters: Record<string, unknown> = {},
): LoadableModel<'ngram'> => ({
  manifest: {
    ...trained.shape,
    labels,
    activation: 'softmax',
    emptyLabel: 'none',
    release: 'intents@1.0.0',
    parameters: ngramTrainer.parameters.parse({ ...small, ...parameters }),
  } as unknown as ManifestOf<'ngram'>,
  files: trained.files,
});

async function accuracy(trained: Trained<'ngram'>, labels: readonly string[], examples: readonly Example[]) {
  const model = await loadNgramModel(releaseOf(trained, labels));
  const probabilities = await answer(
    model,
    examples.map(({ text }) => text),
  );
  await model.close();
  const right = examples.filter((example, row) => {
    const scores = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
    return example.labels.includes(labels[scores.indexOf(Math.max(...scores))]!);
  });
  return right.length / examples.length;
}

/** Hash of the weights alone: how the ONNX file is laid out around them is not the trainer's. */
function weightsHash(trained: Trained<'ngram'>): string {
  const constants = readInitializers('this', trained.files.get('model.onnx'));
  const hash = createHash('sha256');
  for (const name of ['table', 'output', 'bias']) hash.update(constants.get(name)!);
  return hash.digest('hex');
}

// What the first version of the trainer gave, commit ce97a25.
for (const [name, activation, examples, changes, expected] of [
  ['softmax', 'softmax', single, {}, 'e969df1feb6c0e68e3c1ec8ceb1dd98e55c6fdc0d9ba9ac270c6dbe8e3f4c51c'],
  ['sigmoid', 'sigmoid', several, {}, '441b07b9df91339024738972c36af2382f3cfef8b19b5aca68a34be3dd1aa21d'],
  [
    'softmax in 16 dimensions',
    'softmax',
    single,
    { dimensions: 16, dropout: 0 },
    '2b418be996074eb34493f6abd2cac2a520abdd21a8b24fd60ae930d17ad54db5',
  ],
  [
    'sigmoid in 8 dimensions',
    'sigmoid',
    several,
    { dimensions: 8, dropout: 0.3, epochs: 3 },
    'f62df946f96593ccfc122f876ecbfe994590393ce510f7106fd9a406614230a8',
  ],
] as const) {
  test(`${name}: the weights are those of the first version`, async () => {
    const given = {
      labels: emotionLabels,
      activation,
      train: examples.slice(0, 1_000),
      dev: examples.slice(1_000),
    };
    assert.equal(weightsHash(await fit(changes, {}, given)), expected);
  });
}

test('each option reaches the training, and none breaks it', async () => {
  const seen = new Set([sha(await fit())]);
  for (const changes of [
    { schedule: 'cosine' },
    { focalGamma: 2 },
    { labelSmoothing: 0.1 },
    { weightDecay: 0.01 },
    { ordinalSpread: 0.5 },
    { shards: 2 },
  ]) {
    const trained = await fit(changes);
    assert.ok((await accuracy(trained, intents, dev)) > 0.9, JSON.stringify(changes));
    seen.add(sha(trained));
  }
  assert.equal(seen.size, 7);
});

test('shards: any number of threads gives the same weights', async () => {
  const parameters = ngramTrainer.parameters.parse({ ...small, dimensions: 8, shards: 3, epochs: 2 });
  const featurizer = { ...parameters, ...small };
  const { words, charactersMin, charactersMax, leadingWords, idsMax } = featurizer;
  const shape = {
    featurizer: { words, charactersMin, charactersMax, leadingWords, idsMax, ...small },
    labels: intents,
    activation: 'softmax' as const,
    dimensions: 8,
  };
  const corpus = buildCorpus(train, intents, shape.featurizer);
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map((threads) => fitInShards(shape, corpus, { ...parameters, seed: 1, threads })),
  );
  assert.deepEqual(one!.table, two!.table);
  assert.deepEqual(one!.table, three!.table);
  assert.deepEqual(one!.output, three!.output);
  assert.ok(one!.table.some((weight) => Math.abs(weight) > 0.2));
});

test('shards: Ctrl-C ends the threads and the training', async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('interrupted'));
  await assert.rejects(
    fit({ shards: 2, epochs: 50 }, { signal: controller.signal, onProgress }),
    /interrupted/,
  );
});

test('scores on dev are told after each epoch, and stop is obeyed', async () => {
  const scores: number[] = [];
  const onEpoch = (epoch: number, score: number) => {
    scores.push(score);
    return epoch === 2 ? 'stop' : 'go-on';
  };
  await fit({}, { onEpoch });
  assert.equal(scores.length, 2);
  assert.ok(scores.every((score) => score > 0.5 && score <= 1));
});

test('patience stops where dev gets no better, and keeps the best', async () => {
  const epochs: number[] = [];
  const onEpoch = (epoch: number) => {
    epochs.push(epoch);
    return 'go-on' as const;
  };
  const trained = await fit({ patience: 2, epochs: 60 }, { onEpoch });
  assert.ok(epochs.length < 60, `${epochs.length} epochs`);
  assert.ok((await accuracy(trained, intents, dev)) > 0.95);
  await assert.rejects(
    fit({ patience: 2 }, {}, { ...data, dev: [] }),
    (error) => error instanceof Misconfigured && error.code === 'no-dev-data',
  );
});

for (const dimensions of ['linear', 8] as const) {
  test(`training goes on from a release, with a label more: dimensions ${dimensions}`, async () => {
    const known = intents.slice(0, 5);
    const isKnown = ({ labels }: Example) => known.includes(labels[0]!);
    const options = { dimensions, learningRate: 0.3, epochs: 10 };
    const first = await fit(
      options,
      {},
      { ...data, labels: known, train: train.filter(isKnown), dev: dev.filter(isKnown) },
    );
    const parent = releaseOf(first, known, options);
    // One row of the old labels for twenty it has seen, and the new label: what is not forgotten came from the parent.
    const fresh = train.filter((example, at) => !isKnown(example) || at % 20 === 0);
    const next = { ...data, train: fresh };
    const trained = await fit({ ...options, epochs: 4 }, { parent }, next);
    const anew = await fit({ ...options, epochs: 4 }, {}, next);
    const scores = await Promise.all([trained, anew].map((model) => accuracy(model, intents, dev)));
    assert.ok(scores[0]! > 0.93, `gone on ${scores[0]}`);
    assert.ok(scores[0]! > scores[1]! + 0.02, `gone on ${scores[0]}, anew ${scores[1]}`);
  });
}

test('a release of another shape is refused, and why is said', async () => {
  const parent = releaseOf(await fit(), intents);
  const refused = (why: RegExp) => (error: Error) =>
    error instanceof Misconfigured && error.code === 'parent-mismatch' && why.test(error.message);
  await assert.rejects(fit({ words: 1 }, { parent }), refused(/option words is 2, not 1/));
  await assert.rejects(fit({ dimensions: 8 }, { parent }), refused(/dimensions linear, not 8/));
  await assert.rejects(
    fit({}, { parent }, { ...data, labels: intents.slice(1), train: [], dev: [] }),
    (error) => error instanceof Misconfigured,
  );
  const fewer = {
    ...data,
    labels: intents.slice(1),
    train: train.filter(({ labels }) => labels[0] !== intents[0]),
    dev,
  };
  await assert.rejects(fit({}, { parent }, fewer), refused(/labels that the task lacks: translate/));
  const broken = { ...parent, files: new Map([['model.onnx', Uint8Array.of(1, 2, 3)]]) };
  await assert.rejects(fit({}, { parent: broken }), (error) => error instanceof Misconfigured);
});
