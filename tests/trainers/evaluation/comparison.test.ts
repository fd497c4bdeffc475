// Two models on the same rows: paired, beyond chance or not, and what cannot be compared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLabels } from '../../../trainers/evaluation/answers.ts';
import { compare } from '../../../trainers/evaluation/comparison.ts';
import { verdict } from '../../../trainers/evaluation/comparison-report.ts';
import { comparisonSchema } from '../../../trainers/evaluation/evaluation.ts';
import { makeSet, manifest, options } from './made-answers.ts';

test('a comparison is paired: equal models do not differ, a better one is better beyond chance', async () => {
  const { examples, values } = makeSet(900, 0.7, 2);
  const model = manifest('softmax', ['glad', 'sad', 'neutral']);
  // The better one repairs every third error and breaks nothing.
  const better = values.slice();
  const plain = readLabels(model, examples, values);
  plain.isRight.forEach((right, row) => {
    if (right || row % 3 > 0) return;
    better.fill(0.1, row * 3, row * 3 + 3);
    better[row * 3 + plain.held.labels[row]!] = 0.8;
  });
  const old = { release: 'mood@1.0.0', answered: { labels: plain } };
  const young = { release: 'mood@1.1.0', answered: { labels: readLabels(model, examples, better) } };
  const set = { name: 'made', examples };
  const same = comparisonSchema.parse(await compare(old, old, set, options));
  assert.deepEqual(same.differences.accuracy!.difference, { value: 0, low: 0, high: 0 });
  assert.equal(same.mcNemar.exact, 1);
  assert.match(verdict(same), /may be chance/);
  const result = comparisonSchema.parse(await compare(young, old, set, options));
  const { difference } = result.differences.accuracy!;
  assert.ok(difference.low! > 0 && result.mcNemar.exact < 1e-6);
  assert.equal(result.mcNemar.onlySecond, 0);
  assert.equal(result.bothRight + result.bothWrong + result.mcNemar.onlyFirst, 900);
  assert.equal(result.onlySecondRight.length, 0);
  assert.ok(result.onlyFirstRight.every(({ held, first, second }) => held === first && held !== second));
  assert.match(verdict(result), /higher.*more than chance/);
  const back = await compare(old, young, set, options);
  assert.equal(back.differences.accuracy!.difference.value, -difference.value!);
});

test('what labels and what scores cannot be compared', async () => {
  const { examples, values } = makeSet(10, 0.7, 2);
  const labels = readLabels(manifest('softmax', ['glad', 'sad', 'neutral']), examples, values);
  const scored = { values: [{ label: 'x', truth: new Float64Array(10), said: new Float64Array(10) }] };
  await assert.rejects(
    compare(
      { release: 'a@1.0.0', answered: { labels } },
      { release: 'b@1.0.0', answered: scored },
      { name: 's', examples },
      options,
    ),
    { code: 'not-comparable' },
  );
});
