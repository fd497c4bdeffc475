// The ranker is loaded by its kind like any model, answers in any batch alike, and names what its release lacks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer, type Input } from '../../../processors/inference/model.ts';
import { pairFeatureNames } from '../../../processors/retrieval/pair-features.ts';
import { writeTermTable } from '../../../processors/retrieval/term-table.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { writeScorer } from '../../../trainers/ranking/graph.ts';
import { countTerms } from '../../../trainers/ranking/term-statistics.ts';

const texts = ['a river in France', 'the capital of France', 'rivers and bridges', 'a capital city'];
const size = pairFeatureNames.length;
const scorer = {
  mean: new Float64Array(size).fill(0.1),
  scale: new Float64Array(size).fill(2),
  hidden: 0,
  first: new Float64Array(0),
  bias: new Float64Array(0),
  second: Float64Array.from({ length: size }, (_, at) => Math.sin(at + 1)),
};
const files = new Map<string, Uint8Array>([
  ['model.onnx', writeScorer(scorer)],
  [
    'terms.bin',
    writeTermTable(countTerms(texts, { passagesMin: 1, termsMax: 50, dimensions: 3, window: 2, seed: 1 })),
  ],
]);
const manifest = {
  kind: 'ranker',
  labels: ['score'],
  activation: 'identity',
  release: 'ranking@1.0.0',
  features: pairFeatureNames,
} as unknown as ManifestOf<'ranker'>;

test('a pair scores the same alone and in a batch, and by the order of its texts', async () => {
  const model = await loadModel({ manifest, files });
  const pairs: Input[] = texts.flatMap((first) => texts.map((second): Input => [first, second]));
  const together = await answer(model, pairs);
  assert.equal(together.length, pairs.length);
  for (const [at, pair] of pairs.entries()) {
    const [alone] = await answer(model, [pair]);
    assert.ok(Math.abs(alone! - together[at]!) < 1e-5);
  }
  const [question, statement] = ['What is the capital of France?', 'Paris is the capital'];
  const [forth, back] = await answer(model, [
    [question, statement],
    [statement, question],
  ]);
  assert.notEqual(forth, back);
  await model.close();
});

test('a release without its term table, or with a damaged one, is refused', async () => {
  const without = new Map([...files].filter(([name]) => name !== 'terms.bin'));
  await assert.rejects(loadModel({ manifest, files: without }), /no file terms\.bin/);
  const damaged = new Map([...files, ['terms.bin', new Uint8Array(30)]]);
  await assert.rejects(loadModel({ manifest, files: damaged }), /no term table/);
});
