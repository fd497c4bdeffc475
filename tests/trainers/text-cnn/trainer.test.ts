// The CNN learns what needs words in their order, ships what it learned exactly, and is the same from the same seed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCnnModel } from '../../../processors/inference/cnn-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { createRandom } from '../../../trainers/random.ts';
import { openBackend } from '../../../trainers/text-cnn/backend.ts';
import { writeCnn } from '../../../trainers/text-cnn/graph.ts';
import { CnnNetwork, createWeights } from '../../../trainers/text-cnn/network.ts';
import { cnnTrainer } from '../../../trainers/text-cnn/trainer.ts';
import type { Example, Trained } from '../../../trainers/trainer.ts';

const random = createRandom(4);
const draw = (words: readonly string[]) => words[Math.floor(random() * words.length)]!;
/** Only the order of two words tells the labels apart: no bag of words can. */
const examples: readonly Example[] = Array.from({ length: 500 }, (_, at) => {
  const pair = at % 2 === 0 ? 'not good' : 'good not';
  const filler = () => draw(['a', 'the', 'film', 'was', 'very', 'and', 'so', 'plot']);
  return { text: `${filler()} ${filler()} ${pair} ${filler()}`, labels: [at % 2 === 0 ? 'bad' : 'fine'] };
});
const labels = ['bad', 'fine'];
const small = {
  backend: 'wasm',
  vocabulary: 20,
  hashBuckets: 8,
  wordsMax: 8,
  dimensions: 8,
  widths: [1, 2],
  filters: 8,
  epochs: 8,
  batch: 32,
  learningRate: 0.01,
  wordDropout: 0,
} as const;

const fitOn = (train: readonly Example[], options = {}, context = {}) =>
  cnnTrainer.fit(
    { labels, activation: 'softmax', train, dev: examples.slice(400) },
    cnnTrainer.parameters.parse({ ...small, ...options }),
    { seed: 1, ...context },
  ) as Promise<Trained<'cnn'>>;

const manifestOf = (shape: object) =>
  ({ ...shape, labels, emptyLabel: 'bad', release: 'film@1.0.0' }) as unknown as ManifestOf<'cnn'>;

test('it learns the order of words, and the same seed gives the same bytes', async () => {
  const trained = await fitOn(examples.slice(0, 400));
  const again = await fitOn(examples.slice(0, 400));
  assert.deepEqual(again.files.get('model.onnx'), trained.files.get('model.onnx'));
  assert.match(trained.shape.backend, /computes on wasm/);
  const model = await loadCnnModel({ manifest: manifestOf(trained.shape), files: trained.files });
  const held = examples.slice(400);
  const probabilities = await answer(
    model,
    held.map(({ text }) => text),
  );
  const right = held.filter(
    (example, at) => (probabilities[2 * at]! > 0.5 ? 'bad' : 'fine') === example.labels[0],
  ).length;
  assert.ok(right >= 98, `${right} of 100`);
  assert.deepEqual([...(await answer(model, ['', ' …']))], [1, 0, 1, 0]);
  assert.equal((await answer(model, [])).length, 0);
  await model.close();
});

for (const activation of ['softmax', 'sigmoid'] as const) {
  test(`what is served says what TensorFlow.js says, to 1e-4: ${activation}`, async () => {
    const shape = { words: 29, wordsMax: 8, dimensions: 8, widths: [1, 3], filters: 8, labels: 2 };
    const weights = new Map(
      [...createWeights(shape, random)].map(([name, values]) => [
        name,
        values.map((value) => value + random() - 0.5),
      ]),
    );
    const backend = await openBackend('wasm');
    const network = new CnnNetwork(shape, weights, backend);
    const temperature = 1.7;
    const files = new Map([
      ['model.onnx', writeCnn(shape, weights, activation, temperature)],
      ['vocabulary.json', Buffer.from(JSON.stringify(Array.from({ length: 20 }, (_, at) => `w${at}`)))],
    ]);
    const model = await loadCnnModel({ manifest: manifestOf({ wordsMax: 8, hashBuckets: 8 }), files });
    // More than one run, texts longer than are read, and words beyond the vocabulary.
    const texts = Array.from({ length: 300 }, (_, at) =>
      Array.from({ length: 1 + (at % 12) }, () => `w${Math.floor(random() * 30)}`).join(' '),
    );
    const ids = model.prepare(texts);
    const expected = await network.logits(ids);
    const logits = await model.logits(ids, texts.length);
    logits.forEach((logit, at) => {
      assert.ok(Math.abs(logit - expected[at]! / temperature) < 1e-4, `${logit}, ${expected[at]}`);
    });
    assert.ok(new Set(logits).size > 100);
    network.dispose();
    await model.close();
  });
}

test('several labels at once get thresholds; a text is called by each', async () => {
  const train = examples.map(({ text, labels: [label] }) => ({
    text,
    labels: text.includes('plot') ? [label!, 'plot'] : [label!],
  }));
  const trained = (await cnnTrainer.fit(
    { labels: [...labels, 'plot'], activation: 'sigmoid', train, dev: train.slice(400) },
    cnnTrainer.parameters.parse(small),
    { seed: 1 },
  )) as Trained<'cnn'>;
  assert.deepEqual(Object.keys(trained.shape.thresholds ?? {}), [...labels, 'plot']);
});

test('early stopping, a search that stops, an abort', async () => {
  const scores: number[] = [];
  const onEpoch = (_: number, score: number) => {
    scores.push(score);
    return 'go-on' as const;
  };
  await fitOn(examples.slice(0, 400), { patience: 1, epochs: 40 }, { onEpoch });
  assert.ok(scores.length < 40);
  const epochs: number[] = [];
  await fitOn(examples.slice(0, 64), {}, { onEpoch: (epoch: number) => epochs.push(epoch) && 'stop' });
  assert.deepEqual(epochs, [0]);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(fitOn(examples.slice(0, 64), {}, { signal }), /enough/);
});

test('wrong input is refused with what to do', async () => {
  await assert.rejects(fitOn([]), { code: 'data-unfit' });
  await assert.rejects(fitOn([{ text: 'a', labels: ['unknown'] }]), /unknown/);
  const values = { labels, activation: 'identity', train: examples, dev: [] } as const;
  await assert.rejects(cnnTrainer.fit(values, cnnTrainer.parameters.parse(small), { seed: 1 }), /no values/);
  assert.throws(() => cnnTrainer.parameters.parse({ backend: 'cuda' }));
});
