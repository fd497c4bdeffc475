// Smaller models: as close to the original as onnxruntime’s own quantization, refused where they lose too much.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { loadTransformerModel } from '../../../processors/inference/transformer/transformer-model.ts';
import { type ModelProto, ModelProtoSchema } from '../../../trainers/onnx/generated/onnx_pb.js';
import { compareModels, latencyOf } from '../../../trainers/transformer/comparison.ts';
import { floatsOf, graphOf, precisionOf } from '../../../trainers/transformer/imported-graph.ts';
import { productsOf } from '../../../trainers/transformer/products.ts';
import { pruneModel } from '../../../trainers/transformer/pruning.ts';
import { quantizeModel } from '../../../trainers/transformer/quantization.ts';
import {
  type GoldenModel,
  golden,
  goldenBytes,
  loadable,
} from '../../processors/inference/transformer/golden.ts';

const answers = golden('answers.json.gz') as Record<string, GoldenModel>;
const names = ['bert', 'distilbert', 'roberta', 'deberta-v3', 'embedder'] as const;
let texts: readonly string[];
before(() => {
  texts = (golden('texts.json.gz') as readonly string[]).filter((_, at) => at % 7 === 0).slice(0, 200);
});

const parsed = (name: string): ModelProto => fromBinary(ModelProtoSchema, goldenBytes(`${name}/model.onnx`));
const bytesOf = (model: ModelProto) => toBinary(ModelProtoSchema, model);

async function loaded(name: (typeof names)[number], bytes?: Uint8Array) {
  const { manifest, files } = loadable(name);
  return loadTransformerModel({
    manifest,
    files: new Map([...files, ...(bytes ? [['model.onnx', bytes] as const] : [])]),
  });
}

test('eight bits differ from Python’s floats no more than onnxruntime’s own eight bits do', async () => {
  const { inputs, outputs, int8 } = answers.bert!;
  const bytes = bytesOf(quantizeModel(parsed('bert')));
  const model = await loaded('bert', bytes);
  // One by one, as Python ran them: the scale of activations is that of a run.
  const ours: number[][] = [];
  for (const [text] of inputs) ours.push([...(await model.outputs(model.prepare([text!]), 1))]);
  await model.close();
  const meanError = (values: readonly (readonly number[])[]) =>
    values.flat().reduce((sum, value, at) => sum + Math.abs(value - outputs.flat()[at]!), 0) /
    outputs.flat().length;
  const [mine, python] = [meanError(ours), meanError(int8!.logits)];
  assert.ok(mine > 0 && mine < 1.3 * python + 0.01, `mean error ${mine}, of onnxruntime ${python}`);
  assert.ok(bytes.length < 1.15 * int8!.bytes, `${bytes.length} bytes, of onnxruntime ${int8!.bytes}`);
});

for (const name of names) {
  test(`${name} in eight bits is smaller and says nearly the same`, async () => {
    const before = goldenBytes(`${name}/model.onnx`);
    const made = quantizeModel(parsed(name));
    const bytes = bytesOf(made);
    assert.equal(precisionOf(graphOf(made)), 'int8');
    assert.equal(productsOf(graphOf(made)).size, 0);
    assert.deepEqual(bytesOf(quantizeModel(parsed(name))), bytes, 'the same bytes again');
    // What is left of such small models is their graph, DeBERTa’s above all.
    assert.ok(
      bytes.length < (name === 'deberta-v3' ? 0.9 : 0.75) * before.length,
      `${before.length} → ${bytes.length}`,
    );
    const [whole, small] = [await loaded(name), await loaded(name, bytes)];
    const { agreement, largest, inputs } = await compareModels(whole, small, texts);
    assert.equal(inputs, texts.length);
    assert.ok(agreement > 0.93 && largest > 0, `agreement ${agreement}, largest difference ${largest}`);
    assert.ok((await latencyOf(small)) > 0);
    await Promise.all([whole.close(), small.close()]);
  });
}

test('pruning makes exactly the asked share of product weights zero, the smallest first, and nothing else', () => {
  const original = parsed('bert');
  const { model, sparsity } = pruneModel(original, 0.4);
  assert.ok(Math.abs(sparsity - 0.4) < 0.001, String(sparsity));
  const pruned = new Set([...productsOf(graphOf(model)).values()].map(({ weights }) => weights.name));
  assert.ok(pruned.size > 10);
  for (const [at, tensor] of graphOf(model).initializer.entries()) {
    const before = graphOf(original).initializer[at]!;
    if (!pruned.has(tensor.name)) {
      assert.deepEqual(tensor.rawData, before.rawData);
      continue;
    }
    const [was, is] = [floatsOf(before), floatsOf(tensor)];
    const largestGone = was.reduce(
      (most, value, place) => (is[place] === 0 ? Math.max(most, Math.abs(value)) : most),
      0,
    );
    const leastKept = is.reduce(
      (least, value) => (value === 0 ? least : Math.min(least, Math.abs(value))),
      Infinity,
    );
    assert.ok(largestGone <= leastKept);
    assert.equal(is.filter((value, place) => value !== 0 && value !== was[place]).length, 0);
  }
  assert.equal(pruneModel(original, 0).sparsity < 0.01, true);
});

test('what is quantized already has nothing left to quantize, and an old opset is refused', () => {
  assert.throws(() => quantizeModel(quantizeModel(parsed('bert'))), /no matrix product/);
  const old = parsed('bert');
  old.opsetImport[0]!.version = 10n;
  assert.throws(() => quantizeModel(old), /opset 10/);
});
