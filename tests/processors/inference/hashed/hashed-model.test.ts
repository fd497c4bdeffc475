// Models over hashed words: what comes out is what their arithmetic says, one by one and through the engine, from texts
// and from tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../../../processors/inference/engine.ts';
import { ByteTokenizer } from '../../../../processors/inference/hashed/byte-tokenizer.ts';
import { loadHashedModel } from '../../../../processors/inference/hashed/hashed-model.ts';
import { hashText } from '../../../../processors/inference/hashed/hashing.ts';
import { answer } from '../../../../processors/inference/model.ts';
import { hashingSchema } from '../../../../schemas/model-hashing.ts';
import type { LoadableModel, ManifestOf } from '../../../../schemas/model-manifest.ts';
import { buckets, expected, labels, smallModel } from './small-model.ts';

const hashing = hashingSchema.parse({ bigrams: true, buckets, idsMax: 20 });
const texts = ['A mill', '', 'water to the wheel, and away', '!!!', 'über Ä ö '.repeat(40), 'one'];

function loadable(mask: 'float32' | 'int64', activated: boolean): LoadableModel<'hashed'> {
  const manifest = {
    kind: 'hashed',
    task: 'small',
    release: 'small@1.0.0',
    labels,
    activation: 'softmax',
    emptyLabel: 'none',
    hashing,
    inputs: { ids: 'words', mask: { name: 'mask', type: mask } },
    output: activated ? 'answer' : 'logits',
    activated,
  } as unknown as ManifestOf<'hashed'>;
  return { manifest, files: new Map([['model.onnx', smallModel(mask, activated)]]) };
}

function assertAnswers(values: Float32Array, asked: readonly string[]): void {
  const wanted = asked.flatMap((text) => expected(hashText(text, hashing)));
  assert.equal(values.length, wanted.length);
  for (const [at, value] of values.entries())
    assert.ok(Math.abs(value - wanted[at]!) < 1e-5, `${at}: ${value} for ${wanted[at]}`);
}

for (const [mask, activated] of [
  ['float32', true],
  ['int64', true],
  ['float32', false],
] as const)
  test(`answers are right: mask ${mask}, softmax ${activated ? 'in the graph' : 'after it'}`, async () => {
    const model = await loadHashedModel(loadable(mask, activated));
    assertAnswers(await answer(model, texts), texts);
    await model.close();
  });

test('a graph that wants other inputs than the manifest says is refused', async () => {
  const { manifest, files } = loadable('float32', true);
  const other = { ...manifest, inputs: { ids: 'words' } };
  await assert.rejects(loadHashedModel({ manifest: other, files }), /wants an input “mask”/);
  await assert.rejects(
    loadHashedModel({ manifest: { ...manifest, output: 'nothing' }, files }),
    /no output “nothing”/,
  );
});

test('the engine answers about tokens what it answers about texts, many at once', async () => {
  const engine = await createEngine({ models: [loadable('float32', true)], workers: 1 });
  const tokenizer = new ByteTokenizer(hashing);
  const many = Array.from({ length: 500 }, (_, at) => `${texts[at % texts.length]} w${at % 37}`);
  try {
    const calls = Array.from({ length: 8 }, async (_, call) => {
      const asked = many.slice(call * 50, call * 50 + 100);
      for (const text of asked) tokenizer.addBytes(Buffer.from(text), 0, Buffer.byteLength(text));
      assertAnswers(await engine.predictTokens('small', tokenizer.take()), asked);
    });
    await Promise.all(calls);
    const [said] = await engine.predict(['small'], many);
    assertAnswers(said!.probabilities, many);
  } finally {
    await engine.close();
  }
});
