// The language trainer on three languages: the release loads and tells words apart, equal seeds give equal bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import { cropWord, cropWords } from '../../../trainers/language/crops.ts';
import { languageTrainer } from '../../../trainers/language/trainer.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Trained, TrainingData } from '../../../trainers/trainer.ts';

const labels = ['de', 'en', 'tr'];
const rows = (await readRows('trainers/data/lid/dev.jsonl.gz'))
  .map((row) => ({ text: String(row.text), labels: [String(row.label)] }))
  .filter(({ labels: [label] }) => labels.includes(label!));
const of = (share: (at: number) => boolean) => rows.filter((_, at) => share(at % 5));
const data: TrainingData = {
  labels,
  activation: 'softmax',
  train: of((fifth) => fifth < 3),
  dev: of((fifth) => fifth === 3),
};
const judged = of((fifth) => fifth === 4);
const parameters = languageTrainer.parameters.parse({
  wordBuckets: 1_024,
  characterBuckets: 8_192,
  dimensions: 8,
  epochs: 3,
});
const trained = await languageTrainer.fit(data, parameters, { seed: 1 });

const load = ({ shape, files }: Trained<'language'>, changes: object = {}) =>
  loadModel({
    manifest: {
      ...shape,
      ...changes,
      task: 'language',
      version: '1.0.0',
      release: 'language@1.0.0',
      doc: 'Three languages.',
      labels,
      activation: 'softmax',
      emptyLabel: 'und',
      files: {},
      data: [],
      figures: [],
      targets: [],
      limits: [],
      seed: 1,
      parameters: {},
    },
    files,
  });

async function accuracy(texts: readonly (readonly [text: string, label: string])[], changes: object = {}) {
  const model = await load(trained, changes);
  const values = await answer(
    model,
    texts.map(([text]) => text),
  );
  await model.close();
  const right = texts.filter(([, label], at) => {
    const row = values.subarray(at * labels.length, (at + 1) * labels.length);
    return labels[row.indexOf(Math.max(...row))] === label;
  });
  return right.length / texts.length;
}

test('sentences and single words of held-out rows are told apart', async () => {
  const random = createRandom(4);
  const words = judged.flatMap(({ text, labels: [label] }) => {
    const word = cropWord(text, random);
    return word === undefined ? [] : [[word, label!] as const];
  });
  assert.ok((await accuracy(judged.map(({ text, labels: [label] }) => [text, label!] as const))) > 0.97);
  assert.ok((await accuracy(words)) > 0.85);
  // Each half alone does worse on words than both together, or the mixture would be for nothing.
  const both = await accuracy(words, { characters: { ...trained.shape.characters, askedBelow: 1 } });
  const ngram = await accuracy(words, { characters: { ...trained.shape.characters, askedBelow: 0 } });
  assert.ok(both > ngram, `${both} against ${ngram}`);
});

test('probabilities sum to one, and a text without letters has none', async () => {
  const model = await load(trained);
  const texts = ['hello', '2024 – 12', 'guten Morgen allerseits, wie geht es Ihnen heute?', '😀', ''];
  const values = await answer(model, texts);
  texts.forEach((text, at) => {
    const sum = values.subarray(at * 3, at * 3 + 3).reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum - (/\p{L}/u.test(text) ? 1 : 0)) < 1e-6, text);
  });
  // A text's answer does not depend on what it is asked together with.
  assert.deepEqual([...(await answer(model, [texts[2]!]))], [...values.subarray(6, 9)]);
  await model.close();
});

test('the same seed gives the same bytes, another one another network', async () => {
  const again = await languageTrainer.fit(data, parameters, { seed: 1 });
  assert.deepEqual(again, trained);
  const other = await languageTrainer.fit(data, parameters, { seed: 2 });
  assert.notDeepEqual(other.files.get('model.onnx'), trained.files.get('model.onnx'));
  assert.deepEqual(other.files.get('characters.bin'), trained.files.get('characters.bin'));
});

test('data it cannot learn from is refused with what to do', async () => {
  const refused = (changes: Partial<TrainingData>, message: RegExp) =>
    assert.rejects(
      languageTrainer.fit({ ...data, ...changes }, parameters, { seed: 1 }),
      (error) => error instanceof Misconfigured && message.test(error.message),
    );
  await refused({ dev: [] }, /held-out rows/);
  await refused({ labels: [...labels, 'fr'] }, /no text in fr/);
  await refused({ activation: 'sigmoid' }, /one language a text/);
});

test('an aborted training throws the reason', async () => {
  const signal = AbortSignal.abort(new Error('stopped by the test'));
  await assert.rejects(languageTrainer.fit(data, parameters, { seed: 1, signal }), /stopped by the test/);
});

test('crops are pieces of the text with as many words as asked for', () => {
  const text = "C'est l’été, dit-il : à 20 h !";
  const random = createRandom(1);
  for (let round = 0; round < 50; round++) {
    const pair = cropWords(text, 2, random)!;
    assert.ok(text.includes(pair));
    assert.equal(pair.match(/[\p{L}’'-]+/gu)!.length, 2, pair);
    assert.ok(["C'est", 'l’été', 'dit-il'].includes(cropWord(text, random)!));
  }
  assert.equal(cropWords('one', 2, random), undefined);
  assert.equal(cropWord('a bc 123', random), undefined);
});
