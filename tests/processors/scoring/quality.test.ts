// The quality rules as properties: bounded, monotone where they should be, and blind to no script’s disadvantage.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { cleanText } from '../../../processors/features/cleaning.ts';
import { createVector } from '../../../processors/features/vector.ts';
import { complexityOf, qualityOf } from '../../../processors/scoring/quality.ts';
import {
  complexityRules,
  qualityRules,
  qualityWeights,
  subScores,
} from '../../../processors/scoring/rules.ts';
import { featureAt, featureItems } from '../../../schemas/features.ts';

const vector = createVector();
const values = (text: string): readonly number[] => vector(cleanText(text));

const prompts = gunzipSync(readFileSync(join(import.meta.dirname, '../../../samples/prompts.jsonl.gz')))
  .toString()
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { readonly text: string }).text);

let state = 11;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};
/** A vector that no text need have: features at random, often zero, sometimes huge. */
const randomVector = (): number[] =>
  featureItems.map(({ unit }) => {
    const size = random() < 0.3 ? 0 : random();
    return unit === 'ratio' || unit === 'flag' ? size : size * 10 ** Math.floor(random() * 5);
  });

test('what can be earned is 100 points in every list, and the weights are shares', () => {
  for (const rules of [...Object.values(qualityRules), complexityRules]) {
    assert.equal(
      rules.reduce((sum, { points }) => sum + Math.max(0, points), 0),
      100,
    );
    for (const { from, to } of rules) assert.notEqual(from, to);
  }
  assert.equal(Math.round(Object.values(qualityWeights).reduce((sum, weight) => sum + weight) * 1e9), 1e9);
});

test('every score is bounded, whatever the features', () => {
  for (let round = 0; round < 2_000; round++) {
    const features = randomVector();
    for (const [name, value] of Object.entries(qualityOf(features))) {
      assert.ok(value >= 0 && value <= 100.000001, `${name} is ${value}`);
    }
    const complexity = complexityOf(features);
    assert.ok(complexity >= 0 && complexity <= 1, `complexity is ${complexity}`);
  }
});

test('more of anything never lowers specificity or context', () => {
  for (let round = 0; round < 300; round++) {
    const features = randomVector();
    for (const subScore of ['specificity', 'context'] as const) {
      const before = qualityOf(features)[subScore];
      for (const { measure } of qualityRules[subScore]) {
        const more = [...features];
        more[featureAt[measure as 'words']] = (features[featureAt[measure as 'words']] as number) * 1.5 + 1;
        assert.ok(qualityOf(more)[subScore] >= before - 1e-9, `${measure} lowered ${subScore}`);
      }
    }
  }
});

test('adding a request to a real prompt never lowers its specificity', () => {
  for (const text of prompts.slice(0, 300)) {
    const before = qualityOf(values(text)).specificity;
    for (const more of [
      'Answer in 100 words.',
      'Give me an example.',
      'Explain it step by step, as a table.',
    ]) {
      assert.ok(qualityOf(values(`${text}\n${more}`)).specificity >= before, text);
    }
  }
});

test('an order of prompts that anybody would agree with', () => {
  const ordered = [
    'hi',
    'Write a poem about the sea.',
    'I run a small bakery. Explain step by step, for example with flour, how to plan orders for 3 weeks. Answer as a table.',
  ].map((text) => qualityOf(values(text)).quality);
  assert.deepEqual(
    [...ordered].sort((a, b) => a - b),
    ordered,
  );
  assert.ok(qualityOf(values('HELP!!!!!!! NOW')).clarity < qualityOf(values('Can you help me now?')).clarity);
});

test('a plain request is about as good in a script whose phrases the rules do not know', () => {
  const english = qualityOf(values('Please explain to me how the engines of an aircraft work?'));
  for (const text of [
    'اشرح لي كيف تعمل محركات الطائرات، من فضلك؟',
    'Объясните, пожалуйста, как работают двигатели самолёта?',
  ]) {
    const other = qualityOf(values(text));
    for (const subScore of subScores) {
      assert.ok(other[subScore] >= english[subScore] - 12, `${subScore}: ${other[subScore]}`);
    }
  }
});
