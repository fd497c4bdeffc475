// The ranker learns to put answers first, ships what it learned exactly, and refuses what it cannot learn from.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, type Input, type Model } from '../../../processors/inference/model.ts';
import { loadRankerModel } from '../../../processors/inference/ranker-model.ts';
import { PairFeaturizer } from '../../../processors/retrieval/pair-features.ts';
import { readTermTable } from '../../../processors/retrieval/term-table.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import { writeScorer } from '../../../trainers/ranking/graph.ts';
import { judgeRanker } from '../../../trainers/ranking/judgement.ts';
import {
  isDecidable,
  questionExamples,
  questionsOf,
  withMined,
} from '../../../trainers/ranking/questions.ts';
import { fitScorer, scoresOf } from '../../../trainers/ranking/scorer.ts';
import { rankerTrainer } from '../../../trainers/ranking/trainer.ts';
import type { Example, Trained } from '../../../trainers/trainer.ts';

const read = async (file: string) =>
  (await readRows(`trainers/data/${file}.jsonl.gz`)).flatMap(questionExamples);
const train = (await read('xquad_sentences/train')).slice(0, 1_200);
const dev = (await read('dolly_sentences/dev')).slice(0, 300);
const small = { termsMax: 2_000, dimensions: 8, epochs: 4, hidden: 8 };

const fitOn = (examples: readonly Example[], options = {}, context = {}) =>
  rankerTrainer.fit(
    { labels: ['score'], activation: 'identity', train: examples, dev },
    rankerTrainer.parameters.parse({ ...small, ...options }),
    { seed: 1, ...context },
  ) as Promise<Trained<'ranker'>>;

const load = ({ shape, files }: Trained<'ranker'>): Promise<Model> =>
  loadRankerModel({
    manifest: { ...shape, labels: ['score'], release: 'ranking@0.0.1' } as unknown as ManifestOf<'ranker'>,
    files,
  });

test('a trained ranker beats chance by far and the same seed gives the same bytes', async () => {
  const trained = await fitOn(train);
  const again = await fitOn(train);
  for (const [name, bytes] of trained.files) assert.deepEqual(again.files.get(name), bytes, name);
  const model = await load(trained);
  const { mrr, intervals, questions } = await judgeRanker(model, dev);
  await model.close();
  assert.ok(questions > 30);
  assert.ok(mrr > 0.65, `${mrr}`);
  assert.ok(intervals.mrr.low < mrr && mrr < intervals.mrr.high);
});

for (const hidden of [0, 8]) {
  test(`what is served scores as what was trained, to 1e-4: ${hidden} hidden units`, async () => {
    const { files, shape } = await fitOn(train, { epochs: 1 });
    const featurizer = new PairFeaturizer(readTermTable(files.get('terms.bin')!));
    const pairs = dev.map(({ text, second }) => [text, second!] as const);
    const features = featurizer.featurize(pairs);
    const groups = questionsOf(train)
      .slice(0, 40)
      .map(({ text, candidates, relevant }) => ({
        features: featurizer.featurize(candidates.map((candidate) => [text, candidate])),
        relevant,
        weight: 1,
      }));
    const options = rankerTrainer.parameters.parse({ ...small, hidden });
    const scorer = await fitScorer(groups, [], options, { seed: 3 });
    const expected = scoresOf(scorer, features);
    const model = await load({ shape, files: new Map([...files, ['model.onnx', writeScorer(scorer)]]) });
    const scores = await answer(model, pairs);
    await model.close();
    assert.ok(new Set(scores).size > 50);
    scores.forEach((score, at) => {
      assert.ok(Math.abs(score - expected[at]!) < 1e-4, `${score}, ${expected[at]}`);
    });
  });
}

test('one text is no pair: the ranker says so', async () => {
  const model = await load(await fitOn(train.slice(0, 200), { epochs: 1 }));
  const inputs: Input[] = ['only one'];
  assert.throws(() => model.prepare(inputs), /compares two texts/);
  assert.deepEqual(await answer(model, []), new Float32Array(0));
  await model.close();
});

test('a release made for other features is refused', async () => {
  const trained = await fitOn(train.slice(0, 200), { epochs: 1 });
  const shape = { ...trained.shape, features: ['bm25'] };
  await assert.rejects(load({ ...trained, shape }), /other features/);
});

test('questions without a wrong answer get the best matching answers of others', () => {
  const examples = ['cats like milk', 'cats chase mice', 'stars burn hydrogen'].map((second, at) => ({
    text: ['what do cats like', 'what do cats chase', 'what do stars burn'][at]!,
    second,
    labels: [],
    values: [1],
  }));
  const mined = withMined(questionsOf(examples), 1);
  assert.deepEqual(mined[0]!.candidates, ['cats like milk', 'cats chase mice']);
  assert.deepEqual(mined[0]!.relevant, [true, false]);
  assert.ok(!withMined(questionsOf(examples), 0).some(isDecidable));
});

test('wrong input is refused with what to do', async () => {
  const plain = [{ text: 'a', labels: ['x'] }];
  await assert.rejects(fitOn(plain), { code: 'data-unfit' });
  await assert.rejects(fitOn([]), { code: 'data-unfit' });
  const allRight = train.slice(0, 40).map((example) => ({ ...example, values: [1] }));
  await assert.rejects(fitOn(allRight, { minedNegatives: 0 }), { code: 'data-unfit' });
  const data = { labels: ['a', 'b'], activation: 'softmax', train, dev } as const;
  await assert.rejects(rankerTrainer.fit(data, rankerTrainer.parameters.parse({}), { seed: 1 }), {
    code: 'data-unfit',
  });
});

test('an aborted training ends with the signal’s reason, and a search can stop it', async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('enough'));
  await assert.rejects(fitOn(train, {}, { signal: controller.signal, onProgress }), /enough/);
  const epochs: number[] = [];
  await fitOn(train, {}, { onEpoch: (epoch: number) => epochs.push(epoch) && 'stop' });
  assert.deepEqual(epochs, [0]);
});
