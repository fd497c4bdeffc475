// What the trainer computes and what ONNX Runtime computes from the file it wrote are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNgramModel } from '../../../processors/inference/ngram-model.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';
import { activate } from '../../../trainers/evaluation/activation.ts';
import { buildCorpus } from '../../../trainers/ngram/corpus.ts';
import { writeNetwork } from '../../../trainers/ngram/graph.ts';
import { createNetwork, logitsOf, type NetworkShape } from '../../../trainers/ngram/network.ts';
import { quantize } from '../../../trainers/ngram/quantization.ts';
import { createRandom } from '../../../trainers/random.ts';

const featurizer = {
  words: 2,
  charactersMin: 2,
  charactersMax: 5,
  leadingWords: 3,
  wordBuckets: 1_024,
  characterBuckets: 2_048,
  idsMax: 600,
};
const texts = (await readRows('samples/comments.jsonl.gz')).slice(0, 500).map(textOf);

/** A network with random weights: what was never trained hides no zero. */
function randomNetwork(shape: NetworkShape) {
  const random = createRandom(7);
  const network = createNetwork(shape, random);
  for (const weights of [network.table, network.bias]) {
    for (let at = 0; at < weights.length; at++) weights[at] = 2 * random() - 1;
  }
  if (shape.dimensions !== 'linear') {
    for (let at = 0; at < network.output.length; at++) network.output[at] = 2 * random() - 1;
  }
  return network;
}

const shapes: readonly NetworkShape[] = [
  { featurizer, labels: ['a', 'b', 'c', 'd', 'e'], activation: 'softmax', dimensions: 8 },
  { featurizer, labels: ['a', 'b', 'c'], activation: 'softmax', dimensions: 'linear' },
  { featurizer, labels: ['a', 'b', 'c', 'd'], activation: 'sigmoid', dimensions: 'linear' },
];

for (const shape of shapes) {
  test(`logits agree to 1e-4: ${shape.activation}, dimensions ${shape.dimensions}`, async () => {
    const network = quantize(randomNetwork(shape), 1.7);
    const corpus = buildCorpus(
      texts.map((text) => ({ text, labels: [] })),
      shape.labels,
      featurizer,
    );
    const expected = logitsOf(network, corpus);
    const manifest = {
      labels: shape.labels,
      emptyLabel: 'none',
      featurizer,
    } as unknown as ManifestOf<'ngram'>;
    const model = await loadNgramModel({
      manifest,
      files: new Map([['model.onnx', writeNetwork(network)]]),
    });
    const runs = model.prepare(texts);
    const labels = shape.labels.length;
    for (const run of runs) {
      const logits = await model.logits(run);
      logits.forEach((logit, at) => {
        assert.ok(Math.abs(logit - expected[run.start * labels + at]!) < 1e-4);
      });
    }
    const probabilities = await model.predict(runs, texts.length);
    const first = expected.slice(0, labels);
    activate(first, shape.activation);
    for (const [label, value] of first.entries()) {
      assert.ok(Math.abs(value - probabilities[label]!) < 1e-4);
    }
    await model.close();
  });
}

test('eight bits and a temperature change logits by little more than the temperature says', () => {
  const shape = shapes[0]!;
  const network = randomNetwork(shape);
  const corpus = buildCorpus(
    texts.map((text) => ({ text, labels: [] })),
    shape.labels,
    featurizer,
  );
  const exact = logitsOf(network, corpus);
  const rounded = logitsOf(quantize(network, 2), corpus);
  const error = exact.reduce((sum, logit, at) => sum + (logit / 2 - rounded[at]!) ** 2, 0);
  const size = exact.reduce((sum, logit) => sum + (logit / 2) ** 2, 0);
  assert.ok(Math.sqrt(error / size) < 0.02, `relative error ${Math.sqrt(error / size)}`);
});
