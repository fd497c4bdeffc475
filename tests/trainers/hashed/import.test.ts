// Importing a plain ONNX model over hashed words: what it becomes, and every misfit told with its fix.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openModelStore } from '../../../connectors/model-store.ts';
import { loadModel } from '../../../processors/inference/load-model.ts';
import type { Model } from '../../../processors/inference/model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { featureItems } from '../../../schemas/features.ts';
import { type HashedImportOptions, importHashed } from '../../../trainers/hashed/import.ts';
import { bytesOf, modelBytes, node, tensor, tensorTypes, value } from '../../../trainers/onnx/graph.ts';
import { buckets, labels, smallModel } from '../../processors/inference/hashed/small-model.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-hashed-'));
const fileOf = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(directory, name), bytes);
  return join(directory, name);
};
const hashing = JSON.stringify({ bigrams: true, buckets, idsMax: 20 });
const small = fileOf('small.onnx', smallModel());
let languageModel: Model;

before(async () => {
  languageModel = await loadModel(await openModelStore('models').load('language'));
});
after(async () => {
  await languageModel.close();
  rmSync(directory, { recursive: true });
});

const importing = (options: Partial<HashedImportOptions>) =>
  importHashed({
    ...{ file: small, task: 'small', version: '1.0.0', labels, hashing, languageModel },
    texts: ['A mill by the water.', 'Ein Rad aus Holz.', 'no'],
    ...options,
  });

/** A graph that gives the given inputs back as floats. */
const graphWith = (inputs: readonly (readonly [string, number, readonly (string | number)[]])[]) =>
  modelBytes({
    name: 'other',
    node: [node('Cast', [inputs[0]![0]], 'out')],
    initializer: [tensor('unused', tensorTypes.FLOAT, [1], bytesOf(Float32Array.of(1)))],
    input: inputs.map(([name, type, shape]) => value(name, type, [...shape])),
    output: [value('out', tensorTypes.FLOAT, ['texts', 3])],
  });

describe('what an imported model becomes', () => {
  it('says how it is fed, what it gives and how words become ids', async () => {
    const { draft, files, baselines } = await importing({ licence: 'MIT' });
    assert.deepEqual(draft.inputs, { ids: 'words', mask: { name: 'mask', type: 'float32' } });
    assert.deepEqual([draft.output, draft.activation, draft.activated], ['answer', 'softmax', true]);
    assert.deepEqual(draft.hashing, {
      ...{ bigrams: true, buckets, idsMax: 20, offset: 0, padId: 0 },
      ...{ prefixIds: [], suffixIds: [] },
    });
    assert.deepEqual([...files.keys()], ['model.onnx']);
    assert.deepEqual(
      baselines.map(({ feature, samples }) => [feature, samples]),
      ['label', 'confidence', 'length', 'language', ...featureItems.map(({ name }) => name)].map(
        (feature) => [feature, 3],
      ),
    );
  });

  it('takes logits and a whole-number mask as they are', async () => {
    const file = fileOf('logits.onnx', smallModel('int64', false));
    const { draft } = await importing({ file });
    assert.deepEqual(draft.inputs.mask, { name: 'mask', type: 'int64' });
    assert.deepEqual([draft.output, draft.activation, draft.activated], ['logits', 'softmax', false]);
    assert.equal((await importing({ file, activation: 'sigmoid' })).draft.activation, 'sigmoid');
  });

  it('reads how words become ids from a file: the one that is named, or the one beside the model', async () => {
    const beside = fileOf('beside.onnx', smallModel());
    fileOf('beside.json', hashing);
    const { draft } = await importing({ file: beside, hashing: undefined });
    const named = await importing({ hashing: join(directory, 'beside.json') });
    assert.deepEqual(draft.hashing, named.draft.hashing);
  });
});

const { INT64, INT32, FLOAT } = tensorTypes;
const misfits: readonly (readonly [
  what: string,
  options: () => Partial<HashedImportOptions>,
  says: RegExp,
])[] = [
  ['no file', () => ({ file: join(directory, 'none.onnx') }), /cannot be read \(ENOENT\)/],
  ['no ONNX', () => ({ file: fileOf('text.onnx', 'text') }), /no ONNX model/],
  ['no labels', () => ({ labels: undefined }), /labels of .* are not known: it answers with 3 values/],
  [
    'too few labels',
    () => ({ labels: ['a', 'b'] }),
    /2 labels are named, but the output answer has 3 values/,
  ],
  ['no hashing', () => ({ hashing: undefined }), /there is no .*small\.json/],
  ['hashing that is no JSON', () => ({ hashing: '{buckets}' }), /--hashing is no JSON/],
  ['hashing with a mistake', () => ({ hashing: '{"buckets":8,"idsMax":9,"bigram":true}' }), /bigram/],
  [
    'more ids than rows',
    () => ({ hashing: '{"buckets":65,"idsMax":9}' }),
    /ids up to 64, but .* knows only 64/,
  ],
  ['an activation twice', () => ({ activation: 'sigmoid' }), /ends in a softmax/],
  [
    'ids of another type',
    () => ({ file: fileOf('narrow.onnx', graphWith([['ids', INT32, ['n', 'l']]])) }),
    /no int64 ids and mask can be told apart/,
  ],
  [
    'a fixed shape',
    () => ({ file: fileOf('fixed.onnx', graphWith([['ids', INT64, ['n', 128]]])) }),
    /ids of .* has the shape \[any, 128\]/,
  ],
  [
    'three inputs',
    () => ({
      file: fileOf(
        'three.onnx',
        graphWith((['a', 'b', 'c'] as const).map((name) => [name, FLOAT, ['n', 'l']])),
      ),
    }),
    /reads a, b, c: no model over hashed words does/,
  ],
];

describe('what does not fit', () => {
  for (const [what, options, says] of misfits)
    it(what, () =>
      assert.rejects(importing(options()), (error) => {
        assert.ok(error instanceof Misconfigured, String(error));
        assert.match(error.message, says);
        return error.fix.length > 0;
      }),
    );
});
