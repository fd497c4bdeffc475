// What the linear trainer computes and what ONNX Runtime computes from the file it wrote are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLinearModel } from '../../../processors/inference/linear-model.ts';
import { TermCounter } from '../../../processors/inference/ngram-counts.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';
import type { Classifier } from '../../../trainers/linear/classifier.ts';
import { scoresOf } from '../../../trainers/linear/classifier.ts';
import { writeClassifier } from '../../../trainers/linear/graph.ts';
import { countTexts, learnVocabulary, weighTexts } from '../../../trainers/linear/terms.ts';
import { createRandom } from '../../../trainers/random.ts';

const texts = (await readRows('samples/comments.jsonl.gz')).slice(0, 400).map(textOf);

function featurizer(buckets: number) {
  return {
    words: 2,
    charactersMin: 2,
    charactersMax: 4,
    leadingWords: 2,
    wordBuckets: buckets,
    characterBuckets: buckets,
    idsMax: 500,
  };
}

function randomClassifier(labels: number, features: number): Classifier {
  const random = createRandom(11);
  const numbers = (length: number, from: number, to: number) =>
    Array.from({ length }, () => from + (to - from) * random());
  return {
    labels,
    features,
    table: Int8Array.from(numbers(features * labels, -127, 127)),
    scales: Float32Array.from(numbers(labels, 0.001, 0.02)),
    bias: Float32Array.from(numbers(labels, -1, 1)),
  };
}

// Many buckets of which few are known are remapped, with 16 and 32 bits; few buckets are not.
for (const { labels, buckets, documentsMin, learned } of [
  { labels: 3, buckets: 1_024, documentsMin: 1, learned: 400 },
  { labels: 40, buckets: 65_536, documentsMin: 2, learned: 200 },
  { labels: 30, buckets: 1_048_576, documentsMin: 1, learned: 50 },
]) {
  test(`logits agree to 1e-4: ${labels} labels, ${buckets} buckets`, async () => {
    const options = featurizer(buckets);
    const vocabulary = learnVocabulary(
      countTexts(
        texts.slice(0, learned).map((text) => ({ text })),
        options,
      ),
      options,
      documentsMin,
    );
    const matrix = weighTexts(
      countTexts(
        texts.map((text) => ({ text })),
        options,
      ),
      vocabulary,
    );
    const classifier = randomClassifier(labels, matrix.features);
    const expected = scoresOf(classifier, matrix);
    const names = Array.from({ length: labels }, (_, at) => `label ${at}`);
    const model = await loadLinearModel({
      manifest: { labels: names, emptyLabel: 'none', featurizer: options } as unknown as ManifestOf<'linear'>,
      files: new Map([['model.onnx', writeClassifier(vocabulary, classifier, 'softmax')]]),
    });
    const logits = model.logits(model.prepare(texts));
    assert.equal(logits.length, texts.length * labels);
    for (const [at, logit] of logits.entries()) assert.ok(Math.abs(logit - expected[at]!) < 1e-4);
    await model.close();
  });
}

test('counts are damped, ids unique, and what an earlier text left behind does not matter', () => {
  const counter = new TermCounter(10);
  const ids = Int32Array.of(4, 4, 7, 4, 1, 7, 0, 0);
  const frequencies = new Float32Array(8);
  assert.equal(counter.count(ids, 0, 6, frequencies), 3);
  assert.deepEqual([...ids.subarray(0, 3)], [4, 7, 1]);
  assert.deepEqual(
    [...frequencies.subarray(0, 3)],
    [Math.fround(1 + Math.log(3)), Math.fround(1 + Math.log(2)), 1],
  );
  ids.set([7, 4, 7], 3);
  assert.equal(counter.count(ids, 3, 6, frequencies), 5);
  assert.deepEqual([...ids.subarray(3, 5)], [7, 4]);
  assert.deepEqual([...frequencies.subarray(3, 5)], [Math.fround(1 + Math.log(2)), 1]);
});
