// Serving: the values PyTorch gave for the fixtures, alone and in batches of mixed lengths, whatever the architecture.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answer, type Input } from '../../../../processors/inference/model.ts';
import {
  loadTransformerModel,
  type TransformerModel,
} from '../../../../processors/inference/transformer/transformer-model.ts';
import { type GoldenModel, golden, loadable } from './golden.ts';

const names = ['bert', 'distilbert', 'roberta', 'xlm-roberta', 'deberta-v3', 'embedder'] as const;
const inputOf = (texts: readonly string[]): Input =>
  texts.length === 1 ? texts[0]! : [texts[0]!, texts[1]!];

const closeTo = (actual: ArrayLike<number>, expected: ArrayLike<number>, limit: number) => {
  assert.equal(actual.length, expected.length);
  for (let at = 0; at < expected.length; at++) {
    assert.ok(Math.abs(actual[at]! - expected[at]!) < limit, `${at}: ${actual[at]} is not ${expected[at]}`);
  }
};

for (const name of names) {
  describe(name, () => {
    const expected = (golden('answers.json.gz') as Record<string, GoldenModel>)[name]!;
    const inputs = expected.inputs.map(inputOf);
    let model: TransformerModel;
    before(async () => {
      model = await loadTransformerModel(loadable(name));
    });
    after(() => model.close());

    test('a batch of mixed lengths gives Python’s values', async () => {
      const values = await model.outputs(model.prepare(inputs), inputs.length);
      assert.ok(new Set(model.prepare(inputs).map(({ width }) => width)).size > 3);
      closeTo(values, expected.outputs.flat(), 1e-4);
      assert.ok(Math.max(...values) - Math.min(...values) > 0.2, 'the fixture says something');
    });

    test('one by one, turned round and all together are the same', async () => {
      const width = model.manifest.labels.length;
      const together = await answer(model, inputs);
      const turned = await answer(model, inputs.toReversed());
      for (const [row, input] of inputs.entries()) {
        const whole = together.subarray(row * width, (row + 1) * width);
        closeTo(await answer(model, [input]), whole, 1e-5);
        const from = (inputs.length - 1 - row) * width;
        closeTo(turned.subarray(from, from + width), whole, 1e-5);
      }
    });

    test('values are what the activation says', async () => {
      const logits = await model.outputs(model.prepare(inputs), inputs.length);
      const values = await answer(model, inputs);
      const width = model.manifest.labels.length;
      for (let row = 0; row < inputs.length; row++) {
        const [one, other] = [logits, values].map((all) => [...all.subarray(row * width, (row + 1) * width)]);
        const sum = one!.reduce((total, logit) => total + Math.exp(logit), 0);
        const wanted = {
          softmax: one!.map((logit) => Math.exp(logit) / sum),
          sigmoid: one!.map((logit) => 1 / (1 + Math.exp(-logit))),
          identity: one!,
        }[model.manifest.activation];
        closeTo(other!, wanted, 1e-6);
      }
    });
  });
}

test('nothing to answer is no run, and an empty text is answered', async () => {
  const model = await loadTransformerModel(loadable('bert'));
  assert.equal((await answer(model, [])).length, 0);
  const row = await answer(model, ['']);
  assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
  await model.close();
});

test('runs stay within the budget of tokens and waste little on padding', async () => {
  const model = await loadTransformerModel(loadable('bert'));
  const texts = Array.from({ length: 400 }, (_, at) => 'so it goes '.repeat(1 + ((at * 37) % 30)));
  const batches = model.prepare(texts);
  const [padded, used] = [
    batches.reduce((sum, { ids }) => sum + ids.length, 0),
    batches.reduce((sum, { lengths }) => sum + lengths.reduce((one, other) => one + other, 0), 0),
  ];
  for (const { rows, width } of batches) assert.ok(rows === 1 || rows * width <= 1_024);
  assert.ok(padded < 1.15 * used, `${padded} tokens for ${used}`);
  const seen = batches.flatMap(({ places }) => [...places]).sort((a, b) => a - b);
  assert.deepEqual(seen, [...texts.keys()]);
  await model.close();
});

test('a release without its tokenizer cannot be loaded', async () => {
  const { manifest, files } = loadable('bert');
  const without = new Map([...files].filter(([file]) => file !== 'tokenizer.json'));
  await assert.rejects(
    async () => loadTransformerModel({ manifest, files: without }),
    /has no file tokenizer\.json/,
  );
});
