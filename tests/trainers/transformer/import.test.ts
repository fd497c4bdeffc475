// Import: what the files say becomes the manifest, and the values are those of the export.
import assert from 'node:assert/strict';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import type { Input } from '../../../processors/inference/model.ts';
import { loadTransformerModel } from '../../../processors/inference/transformer/transformer-model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { featureItems } from '../../../schemas/features.ts';
import { modelManifestSchema } from '../../../schemas/model-manifest.ts';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from '../../../trainers/onnx/generated/onnx_pb.js';
import { wholeRelease } from '../../../trainers/release/whole-release.ts';
import { type GoldenModel, golden, goldenFolder } from '../../processors/inference/transformer/golden.ts';
import { changed, copied, imported, texts } from './importing.ts';

const answers = golden('answers.json.gz') as Record<string, GoldenModel>;

const inputOf = (given: readonly string[]): Input =>
  given.length === 1 ? given[0]! : [given[0]!, given[1]!];

const expectations = {
  bert: {
    purpose: 'classification',
    labels: ['bad', 'so-so', 'good'],
    activation: 'softmax',
    tokenizer: 'word-piece',
  },
  distilbert: {
    purpose: 'classification',
    labels: ['toxic', 'insult', 'threat', 'identity'],
    activation: 'sigmoid',
    tokenizer: 'word-piece',
  },
  roberta: {
    purpose: 'classification',
    labels: ['entailment', 'contradiction'],
    activation: 'softmax',
    tokenizer: 'byte-pairs',
  },
  'xlm-roberta': {
    purpose: 'classification',
    labels: ['score'],
    activation: 'identity',
    tokenizer: 'unigram',
  },
  'deberta-v3': {
    purpose: 'classification',
    labels: ['no', 'yes'],
    activation: 'softmax',
    tokenizer: 'unigram',
  },
} as const;

for (const [name, { tokenizer, ...expected }] of Object.entries(expectations)) {
  test(`${name} is imported as its files say, and gives Python’s values`, async () => {
    const { draft, files, baselines, report } = await imported(name);
    const { purpose, labels, activation } = draft;
    assert.deepEqual({ purpose, labels, activation }, expected);
    assert.equal(report.tokenizer, tokenizer);
    assert.equal(draft.maxTokens, 128);
    assert.ok(report.model.latency > 0);
    assert.deepEqual(files.get('model.onnx'), await readFile(join(goldenFolder, name, 'model.onnx')));
    modelManifestSchema.parse(wholeRelease(draft, files, baselines).manifest);
    const model = await loadTransformerModel({ manifest: draft, files });
    const inputs = answers[name]!.inputs.map(inputOf);
    const values = await model.outputs(model.prepare(inputs), inputs.length);
    for (const [at, value] of answers[name]!.outputs.flat().entries())
      assert.ok(Math.abs(values[at]! - value) < 1e-4);
    await model.close();
  });
}

test('an embedder becomes vectors of length 1, with baselines of its texts only', async () => {
  const { draft, baselines } = await imported('embedder');
  assert.deepEqual(
    [draft.purpose, draft.pooling, draft.normalize, draft.labels.length, draft.labels[15], draft.output],
    ['embedding', 'mean', true, 16, 'd15', 'last_hidden_state'],
  );
  assert.deepEqual(
    baselines.map(({ feature }) => feature),
    ['length', 'language', ...featureItems.map(({ name }) => name)],
  );
  assert.ok(baselines.every(({ release }) => release === 'tried@1.0.0'));
});

test('pooling and scaling are what sentence-transformers’ files say', async () => {
  const folder = await copied('embedder');
  await mkdir(join(folder, '1_Pooling'));
  await writeFile(
    join(folder, '1_Pooling/config.json'),
    '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}',
  );
  await writeFile(join(folder, 'modules.json'), '[{"type": "sentence_transformers.models.Pooling"}]');
  await writeFile(join(folder, 'sentence_bert_config.json'), '{"max_seq_length": 64}');
  const { draft } = await imported('embedder', { folder });
  assert.deepEqual([draft.pooling, draft.normalize, draft.maxTokens], ['cls', false, 64]);
});

test('a cross-encoder’s single score is a sigmoid unless its files say otherwise', async () => {
  const { draft } = await imported('xlm-roberta', { purpose: 'cross-encoder' });
  assert.deepEqual([draft.labels, draft.activation], [['score'], 'sigmoid']);
  const folder = await copied('xlm-roberta');
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
  const stated = { ...config, sentence_transformers: { activation_fn: 'torch.nn.modules.linear.Identity' } };
  await writeFile(join(folder, 'config.json'), JSON.stringify(stated));
  const other = await imported('xlm-roberta', { folder });
  assert.deepEqual([other.draft.purpose, other.draft.activation], ['cross-encoder', 'identity']);
});

test('the same folder twice is the same release, and onnx/model.onnx and weights beside it are found', async () => {
  const [one, two] = [await imported('roberta'), await imported('roberta')];
  assert.deepEqual(one.draft, two.draft);
  assert.deepEqual([one.files, one.baselines], [two.files, two.baselines]);
  const weights: Uint8Array[] = [];
  let offset = 0;
  const folder = await changed('roberta', (model) => {
    for (const tensor of model.graph!.initializer) {
      if (tensor.rawData.length < 1_024) continue;
      const entries = {
        location: 'model.onnx_data',
        offset: String(offset),
        length: String(tensor.rawData.length),
      };
      tensor.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      weights.push(tensor.rawData);
      offset += tensor.rawData.length;
      tensor.rawData = new Uint8Array();
    }
  });
  await mkdir(join(folder, 'onnx'));
  await rename(join(folder, 'model.onnx'), join(folder, 'onnx/model.onnx'));
  await assert.rejects(imported('roberta', { folder }), /model\.onnx_data, which cannot be read/);
  await writeFile(join(folder, 'onnx/model.onnx_data'), Buffer.concat(weights));
  const merged = await imported('roberta', { folder });
  const model = await loadTransformerModel({ manifest: merged.draft, files: merged.files });
  const inputs = answers.roberta!.inputs.map(inputOf);
  const values = await model.outputs(model.prepare(inputs), inputs.length);
  for (const [at, value] of answers.roberta!.outputs.flat().entries())
    assert.ok(Math.abs(values[at]! - value) < 1e-4);
  await model.close();
});

test('eight bits are released with what they cost, and not where they cost too much', async () => {
  const { draft, files, report } = await imported('bert', { quantize: 'int8', dropLimit: 10 });
  assert.equal(draft.precision, 'int8');
  assert.equal(draft.parameters.quantize, 'int8');
  const { before, drop, agreement, inputs } = report.shrunk!;
  assert.equal(inputs, 256);
  assert.ok(report.model.bytes === files.get('model.onnx')!.length && report.model.bytes < before.bytes / 2);
  assert.ok(Math.abs(drop - 100 * (1 - agreement)) < 0.01);
  const pruned = imported('bert', { sparsity: 0.95 });
  await assert.rejects(pruned, (error: unknown) => {
    assert.ok(error instanceof Misconfigured && error.code === 'drop-above-limit', String(error));
    assert.match(error.message, /more than 1: nothing was released/);
    return true;
  });
});

test('labelled rows decide about a smaller model, and their figures are in the manifest', async () => {
  const labels = ['bad', 'so-so', 'good'];
  // Labels of a model with random weights mean nothing: a row is right by chance.
  const examples = texts.slice(0, 120).map((text, at) => ({ text, labels: [labels[at % 3]!] }));
  const use = {
    name: 'chance',
    role: 'test',
    licence: 'CC0-1.0',
    source: 'this test',
    rows: 120,
    shipped: true,
  } as const;
  const { draft, report } = await imported('bert', {
    quantize: 'int8',
    dropLimit: 100,
    judged: { use, examples },
  });
  assert.deepEqual(draft.data, [use]);
  assert.equal(draft.figures[0]!.set, 'chance');
  const { accuracy } = report.model;
  assert.ok(accuracy !== null && accuracy > 0.1 && accuracy < 0.6);
  assert.ok(Math.abs(report.shrunk!.drop - 100 * (report.shrunk!.before.accuracy! - accuracy)) < 0.011);
});
