// The sentences written for the hate model: what it learns from and what it is judged on stay apart, labels are right by
// construction, and what is learned carries over to sentences of other patterns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { readRows, textKey } from '../../../trainers/data-sets/rows.ts';
import { loadSet } from '../../../trainers/data-sets/split.ts';
import { judgeModel } from '../../../trainers/evaluation/judge.ts';
import { linearTrainer } from '../../../trainers/linear/trainer.ts';
import { createRandom } from '../../../trainers/random.ts';
import { draftManifest } from '../../../trainers/release/draft-manifest.ts';
import { hate } from '../../../trainers/tasks/hate.ts';
import { judgedCases } from '../../../trainers/tasks/hate-grammar/judged-cases.ts';
import { functionalities, judgedGroups } from '../../../trainers/tasks/hate-grammar/judged-patterns.ts';
import { parts } from '../../../trainers/tasks/hate-grammar/learned-parts.ts';
import * as patterns from '../../../trainers/tasks/hate-grammar/learned-patterns.ts';
import { learnedSentences } from '../../../trainers/tasks/hate-grammar/learned-sentences.ts';

const learned = learnedSentences.examples(createRandom(1));
const cases = judgedCases();
const allPatterns = Object.values(patterns).flat();

test('the data file holds the cases as they are made', async () => {
  assert.deepEqual(await readRows('trainers/data/hate-functions/test.jsonl.gz'), cases);
});

test('no judged sentence, pattern or held-out group is learned', () => {
  const keys = new Set(learned.map(({ text }) => textKey(text)));
  assert.deepEqual(
    cases.filter(({ text }) => keys.has(textKey(text))),
    [],
  );
  const learnedKeys = new Set(allPatterns.map(textKey));
  for (const { patterns: judged } of functionalities)
    assert.deepEqual(
      judged.filter((pattern) => learnedKeys.has(textKey(pattern))),
      [],
    );
  const unseen = judgedGroups.filter(([groups]) => !parts.groups!.includes(groups));
  assert.ok(unseen.length >= 4);
  for (const [groups, one] of unseen) {
    assert.ok(!parts.one!.includes(one), one);
    assert.ok(!learned.some(({ text }) => text.includes(groups)), groups);
  }
});

test('every functionality has one label and at least six cases, and always saying yes is right in half of them', () => {
  const byName = new Map<string, readonly (typeof cases)[number][]>();
  for (const one of cases) byName.set(one.functionality, [...(byName.get(one.functionality) ?? []), one]);
  assert.ok(byName.size >= 25);
  for (const [name, rows] of byName) {
    assert.ok(rows.length >= 6, name);
    assert.equal(new Set(rows.map(({ label }) => label)).size, 1, name);
  }
  const share = cases.filter(({ label }) => label === 'hate').length / cases.length;
  assert.ok(share > 0.45 && share < 0.6, String(share));
  assert.equal(new Set(cases.map(({ text }) => text)).size, cases.length);
  assert.ok(cases.every(({ text }) => !/[{}]/u.test(text)));
});

test('learned sentences are whole, half of them hate, and the same from the same seed', () => {
  for (const pattern of allPatterns)
    for (const [, name] of pattern.matchAll(/\{(\w+)\}/gu))
      assert.ok(['who', 'attack'].includes(name!) || parts[name!]!.length > 5, `${pattern}: ${name}`);
  assert.ok(learned.every(({ text }) => !/[{}]|undefined/u.test(text)));
  assert.equal(learned.filter(({ labels }) => labels[0] === 'hate').length, learned.length / 2);
  assert.deepEqual(learnedSentences.examples(createRandom(1)), learned);
  assert.notDeepEqual(learnedSentences.examples(createRandom(2)), learned);
});

test('learned from these sentences alone, hate is told from what looks like it better than by always saying yes', async () => {
  const options = linearTrainer.parameters.parse(hate.training.parameters);
  const { labels, activation } = hate;
  const data = { labels, activation, train: learned.slice(0, 4_000), dev: [] };
  const trained = await linearTrainer.fit(data, options, { seed: 1 });
  const split = { train: data.train, calibration: [], tests: [], used: [] };
  const manifest = draftManifest(hate, split, trained, { seed: 1 });
  const model = await loadModel({ manifest, files: trained.files });
  const set = hate.dataSets.find(({ file }) => file === 'hate-functions/test')!;
  const { examples } = await loadSet(set, { data: 'trainers/data', samples: 'samples' });
  const figures = await judgeModel(model, set, examples);
  await model.close();
  const always = examples.filter((example) => example.labels[0] === 'hate').length / examples.length;
  assert.ok(figures.accuracy > always + 0.03, `${figures.accuracy} against ${always}`);
  const slices = figures.slices?.filter(({ column }) => column === 'functionality') ?? [];
  const names = new Set(slices.map(({ value }) => value));
  assert.deepEqual(names, new Set(cases.map(({ functionality }) => functionality)));
});
