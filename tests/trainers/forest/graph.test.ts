// What a forest in memory answers and what ONNX Runtime answers from the file written for it are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadForestModel } from '../../../processors/inference/forest-model.ts';
import { featureItems } from '../../../schemas/features.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { fitForest } from '../../../trainers/forest/fit.ts';
import { answersOf, spreadOf, type Targets } from '../../../trainers/forest/forest.ts';
import { writeForest } from '../../../trainers/forest/graph.ts';
import type { ForestParameters } from '../../../trainers/forest/options.ts';
import { createRandom } from '../../../trainers/random.ts';

const rows = 400;
const columns = featureItems.length;
const wordsAt = featureItems.findIndex(({ name }) => name === 'words');
const random = createRandom(5);
const values = new Float32Array(rows * columns).map(() => {
  const draw = random();
  return draw < 0.1 ? Number.NaN : Math.round(draw * 1_000) / 10;
});
for (let row = 0; row < rows; row++) values[row * columns + wordsAt] = 1 + Math.floor(random() * 50);
const matrix = { rows, columns, values };

function targetsOf(activation: Targets['activation'], width: number): Targets {
  const targets = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const x = (column: number) => values[row * columns + column]! || 0;
    if (activation === 'softmax') targets[row * width + (Math.floor(x(0) / 20 + random()) % width)] = 1;
    for (let k = 0; k < width && activation !== 'softmax'; k++) {
      const value = 40 + x(k) / 2 + 10 * random();
      targets[row * width + k] = activation === 'identity' ? value : Number(value > 65);
    }
  }
  return { activation, width, values: targets };
}

const cases: readonly (readonly [Targets['activation'], number, Partial<ForestParameters>])[] = [
  ['identity', 1, {}],
  ['identity', 5, { leafRowsMin: 1 }],
  ['identity', 3, { method: 'boosting', trees: 40 }],
  ['softmax', 2, {}],
  ['softmax', 4, { leafRowsMin: 1 }],
  ['softmax', 2, { method: 'boosting', trees: 40 }],
  ['softmax', 4, { method: 'boosting', trees: 40 }],
  ['sigmoid', 3, {}],
  ['sigmoid', 3, { method: 'boosting', trees: 40 }],
];

for (const [activation, width, options] of cases) {
  test(`answers agree: ${activation}, ${width} labels, ${JSON.stringify(options)}`, async () => {
    const targets = targetsOf(activation, width);
    const fitted = await fitForest(matrix, targets, options, { seed: 1 });
    const forest = { ...fitted, temperature: activation === 'identity' ? 1 : 1.3 };
    const hasSpread = forest.method === 'forest';
    const manifest = {
      labels: Array.from({ length: width }, (_, k) => `label ${k}`),
      activation,
      emptyLabel: 'none',
      featureNames: featureItems.map(({ name }) => name),
      spread: hasSpread,
    } as unknown as ManifestOf<'forest'>;
    const bytes = writeForest(forest);
    assert.deepEqual(bytes, writeForest(forest));
    const model = await loadForestModel({ manifest, files: new Map([['model.onnx', bytes]]) });
    const answers = await model.predict(values, rows);
    answersOf(forest, matrix).forEach((expected, at) => {
      const error = Math.abs(answers[at]! - expected);
      assert.ok(error <= 1e-5 * Math.max(1, Math.abs(expected)), `${at}: ${answers[at]} and ${expected}`);
    });
    if (hasSpread) {
      const spread = await model.spread(values, rows);
      spreadOf(forest, matrix).forEach((expected, at) => {
        assert.ok(Math.abs(spread[at]! - expected) < 2e-3, `${at}: ${spread[at]} and ${expected}`);
      });
      assert.ok(spread.some((value) => value > 0.01));
    } else await assert.rejects(model.spread(values, rows), /no spread/);
    await model.close();
  });
}
