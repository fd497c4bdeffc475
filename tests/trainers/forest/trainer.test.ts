// The forest trainer on texts: learns what their features show, for values, classes and several labels at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import { type ModelManifest, modelManifestSchema } from '../../../schemas/model-manifest.ts';
import { forestTrainer } from '../../../trainers/forest/trainer.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Example, TrainingData } from '../../../trainers/trainer.ts';

const random = createRandom(9);
const words = ['explain', 'the', 'water', 'cycle', 'briefly', 'river', 'mill', 'please', 'turbine', 'how'];

/** A text of random words that may end in a question mark, with what follows from it. */
function example(): Example {
  const length = 2 + Math.floor(random() * 20);
  const picked = Array.from({ length }, () => words[Math.floor(random() * words.length)]!);
  const asks = random() < 0.5;
  return {
    text: picked.join(' ') + (asks ? '?' : '.'),
    labels: [asks ? 'question' : 'statement'],
    values: [4 * length, asks ? 80 : 20],
  };
}
const examples = Array.from({ length: 600 }, example);
const data = (activation: TrainingData['activation'], labels: readonly string[]): TrainingData => ({
  labels,
  activation,
  train: examples.slice(0, 450),
  dev: examples.slice(450),
});
const parse = (options: object) => forestTrainer.parameters.parse(options);

async function trained(given: TrainingData, options: object) {
  const { shape, files } = await forestTrainer.fit(given, parse(options), { seed: 3 });
  const manifest: ModelManifest = {
    ...shape,
    task: 'trial',
    version: '1.0.0',
    release: 'trial@1.0.0',
    doc: 'A trial.',
    labels: given.labels,
    activation: given.activation,
    emptyLabel: given.labels[0]!,
    files: { 'baseline.json': '0'.repeat(64) },
    data: [],
    figures: [],
    targets: [],
    limits: [],
    seed: 3,
    parameters: parse(options),
  };
  assert.deepEqual(modelManifestSchema.parse(manifest), manifest);
  return { shape, files, model: await loadModel({ manifest, files }) };
}

for (const method of ['forest', 'boosting']) {
  test(`values of texts are learned and served: ${method}`, async () => {
    const { shape, model } = await trained(data('identity', ['length', 'asking']), { method, trees: 60 });
    const answers = await answer(model, ['how the mill turns the river water?', 'water.']);
    assert.ok(Math.abs(answers[0]! - 28) < 5 && Math.abs(answers[1]! - 80) < 5, String(answers));
    assert.ok(answers[2]! < 15 && Math.abs(answers[3]! - 20) < 5, String(answers));
    assert.ok(shape.importances.words!.gain > shape.importances.emoji!.gain);
    assert.ok(shape.importances.questionMarks!.permutation! > 1);
    await model.close();
  });

  test(`classes are learned and served, with a temperature: ${method}`, async () => {
    const { shape, model } = await trained(data('softmax', ['statement', 'question']), { method, trees: 40 });
    const answers = await answer(model, ['how the mill turns?', 'the mill turns.', '!!!']);
    assert.ok(answers[1]! > 0.9 && answers[2]! > 0.9, String(answers));
    assert.deepEqual([...answers.slice(4)], [1, 0], 'a text without a word gets the empty label');
    assert.ok(shape.temperature > 0);
    await model.close();
  });
}

test('labels that may hold together get thresholds', async () => {
  const long = (given: Example): Example => ({
    ...given,
    labels: [...given.labels, ...(given.values![0]! > 40 ? ['long'] : [])].filter((l) => l !== 'statement'),
  });
  const given = data('sigmoid', ['question', 'long']);
  const both = { ...given, train: given.train.map(long), dev: given.dev.map(long) };
  const { shape, model } = await trained(both, { trees: 60 });
  assert.deepEqual(Object.keys(shape.thresholds!), ['question', 'long']);
  const answers = await answer(model, [`${'river mill water cycle '.repeat(5)}please?`, 'the mill.']);
  const holds = [...answers].map((value, at) => value >= Object.values(shape.thresholds!)[at % 2]!);
  assert.deepEqual(holds, [true, true, false, false]);
  await model.close();
});

test('same seed, same bytes', async () => {
  const given = data('identity', ['length', 'asking']);
  const fit = (seed: number) => forestTrainer.fit(given, parse({ trees: 10 }), { seed });
  const [one, two, other] = [await fit(1), await fit(1), await fit(2)];
  assert.deepEqual(one, two);
  assert.notDeepEqual(one.files, other.files);
});

test('wrong examples and parents are refused in words', async () => {
  const given = data('identity', ['length', 'asking', 'third']);
  await assert.rejects(forestTrainer.fit(given, parse({}), { seed: 1 }), /length, asking, third/);
  const parent = { manifest: {} as never, files: new Map() };
  const fine = data('softmax', ['statement', 'question']);
  await assert.rejects(forestTrainer.fit(fine, parse({}), { seed: 1, parent }), /earlier release/);
});
