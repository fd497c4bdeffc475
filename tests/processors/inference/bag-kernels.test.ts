// What the kernels make of texts is what ONNX Runtime makes of them by the whole graph, to the bit: for every released
// model that has one, and for graphs of other shapes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BagPooling, type CountedRun } from '../../../processors/inference/bag-kernels.ts';
import { type BagRun, graphInputs } from '../../../processors/inference/bag-runs.ts';
import { loadLinearModel } from '../../../processors/inference/linear-model.ts';
import { loadNgramModel } from '../../../processors/inference/ngram-model.ts';
import { OnnxFile } from '../../../processors/inference/onnx-file.ts';
import type { LoadableModel, ManifestOf, ModelManifest } from '../../../schemas/model-manifest.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';
import { writeNetwork } from '../../../trainers/ngram/graph.ts';
import { createNetwork, type NetworkShape } from '../../../trainers/ngram/network.ts';
import { quantize } from '../../../trainers/ngram/quantization.ts';
import { createRandom } from '../../../trainers/random.ts';

const samples = (await readRows('samples/comments.jsonl.gz')).slice(0, 1_500).map(textOf);
const odd = [
  '',
  ' ',
  '!!',
  '\ud83d',
  'a \ud83d b',
  '💕💕',
  'x'.repeat(5_000),
  'word '.repeat(3_000),
  '我们 人们',
];
const texts = [...samples, ...odd, ...samples.slice(0, 3)];

interface Release {
  readonly manifest: ModelManifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

function releases(kind: string): Release[] {
  return readdirSync('models')
    .flatMap((task) => readdirSync(`models/${task}`).map((version) => `models/${task}/${version}`))
    .map((folder) => ({
      manifest: JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as ModelManifest,
      folder,
    }))
    .filter(({ manifest }) => manifest.kind === kind)
    .map(({ manifest, folder }) => ({
      manifest,
      files: new Map([['model.onnx', readFileSync(`${folder}/model.onnx`)]]),
    }));
}

/** What the whole graph says of a run. */
async function wholeGraph(
  file: Uint8Array,
  run: BagRun & Partial<CountedRun>,
  wordBuckets: number,
  output: 'logits' | 'probabilities',
): Promise<Float32Array> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const { ids, rows, counts } = graphInputs(run, wordBuckets);
  const results = await session.run(
    {
      ids: new Tensor('int32', ids, [ids.length]),
      rows: new Tensor('int64', rows, [rows.length, 1]),
      counts: new Tensor('float32', counts, [counts.length, 1]),
      ...(run.frequencies ? { frequencies: new Tensor('float32', run.frequencies, [ids.length, 1]) } : {}),
    },
    [output],
  );
  await session.release();
  return results[output]!.data as Float32Array;
}

const linear = releases('linear');
assert.ok(linear.length >= 8, 'the released linear models were found');

for (const { manifest, files } of linear) {
  test(`${manifest.release}: logits and probabilities are the graph’s own`, async () => {
    const model = await loadLinearModel({ manifest, files } as LoadableModel<'linear'>);
    const { wordBuckets } = model.manifest.featurizer;
    const run = model.prepare(texts);
    const file = files.get('model.onnx')!;
    assert.deepEqual(model.logits(run), await wholeGraph(file, run, wordBuckets, 'logits'));
    const expected = await wholeGraph(file, run, wordBuckets, 'probabilities');
    const labels = manifest.labels.length;
    const values = await model.predict(run, texts.length);
    for (let text = 0; text < texts.length; text++) {
      // Texts without ids are no matter of the graph.
      if (run.ends[text] === (run.ends[text - 1] ?? 0)) continue;
      const [from, to] = [text * labels, (text + 1) * labels];
      assert.deepEqual(values.slice(from, to), expected.slice(from, to), texts[text]!.slice(0, 80));
    }
    await model.close();
  });
}

test('the network of the language model gives the graph’s own logits', async () => {
  const [release] = releases('language');
  const { manifest, files } = release!;
  await compareNetwork({ ...manifest, kind: 'ngram' } as ManifestOf<'ngram'>, files.get('model.onnx')!);
});

const featurizer = {
  words: 2,
  charactersMin: 2,
  charactersMax: 5,
  leadingWords: 3,
  wordBuckets: 1_024,
  characterBuckets: 65_536,
  idsMax: 600,
};
const shapes: readonly NetworkShape[] = [
  { featurizer, labels: ['a', 'b', 'c', 'd', 'e'], activation: 'softmax', dimensions: 6 },
  { featurizer, labels: ['a', 'b', 'c'], activation: 'sigmoid', dimensions: 'linear' },
];

for (const shape of shapes) {
  for (const isSparse of [false, true]) {
    const rows = isSparse ? 'few known buckets' : 'a row for each bucket';
    test(`an n-gram network, dimensions ${shape.dimensions}, ${rows}: the graph’s own logits`, async () => {
      const random = createRandom(5);
      const network = createNetwork(shape, random);
      const width = network.table.length / (featurizer.wordBuckets + featurizer.characterBuckets);
      const known = Uint8Array.from({ length: network.table.length / width }, () =>
        isSparse && random() < 0.7 ? 0 : 1,
      );
      for (let at = 0; at < network.table.length; at++)
        network.table[at] = known[Math.floor(at / width)] === 0 ? 0 : 2 * random() - 1;
      const file = writeNetwork(quantize(network, 1), isSparse ? known : undefined);
      assert.equal(new OnnxFile(file).constant('knownBits') !== undefined, isSparse);
      const { labels } = shape;
      await compareNetwork(
        { labels, emptyLabel: 'none', featurizer } as unknown as ManifestOf<'ngram'>,
        file,
      );
    });
  }
}

async function compareNetwork(manifest: ManifestOf<'ngram'>, file: Uint8Array): Promise<void> {
  const model = await loadNgramModel({ manifest, files: new Map([['model.onnx', file]]) });
  const runs = model.prepare(texts);
  assert.ok(runs.length > 1, 'several runs');
  for (const run of runs) {
    const expected = await wholeGraph(file, run, manifest.featurizer.wordBuckets, 'logits');
    assert.deepEqual(await model.logits(run), expected);
  }
  await model.close();
}

test('a graph of another shape is refused, and so is a file that is cut short', () => {
  const [{ files }] = linear as [Release];
  const file = files.get('model.onnx')!;
  assert.throws(() => new BagPooling(new OnnxFile(file), featurizer), /computes “bags” in another way/);
  assert.throws(() => new OnnxFile(file.subarray(0, file.length - 100)), /cut short/);
  assert.throws(() => new OnnxFile(Uint8Array.of(8, 9)), /holds no graph/);
});
