// What makes a replay bit-identical: the shipped models answer a text alike whatever is asked beside it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer, type Input } from '../../../processors/inference/model.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { modelStoreOf } from '../../../streams/models.ts';

const configuration = loadConfiguration({ env: {} });
const texts = gunzipSync(readFileSync(new URL('../../../samples/comments.jsonl.gz', import.meta.url)))
  .toString('utf8')
  .split('\n')
  .slice(0, 60)
  .map((line) => (JSON.parse(line) as { readonly text: string }).text);

const { commentTasks, promptTasks } = configuration.inference;
for (const task of new Set([...commentTasks, ...promptTasks, 'prompt-quality', 'hate']))
  test(`${task} answers alone, in a batch and out of order with the same bits`, async () => {
    const model = await loadModel(await modelStoreOf(configuration).load(task));
    try {
      const columns = model.manifest.labels.length;
      const whole = await answer(model, texts);
      const rowsOf = (values: Float32Array, row: number) =>
        values.subarray(row * columns, (row + 1) * columns);
      const order = texts.map((_, index) => (index * 37) % texts.length);
      const shuffled = await answer(
        model,
        order.map((index): Input => texts[index]!),
      );
      for (const [place, index] of order.entries()) {
        assert.deepEqual(rowsOf(shuffled, place), rowsOf(whole, index));
        assert.deepEqual(await answer(model, [texts[index]!]), new Float32Array(rowsOf(whole, index)));
      }
    } finally {
      await model.close();
    }
  });
