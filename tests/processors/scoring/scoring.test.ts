// The scoring processor: from predictions to scores, with thresholds per language and nulls for what nobody said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVector } from '../../../processors/features/vector.ts';
import { createScoring } from '../../../processors/scoring/scoring.ts';
import { derivedId } from '../../../schemas/identity.ts';
import type { Prediction, Result } from '../../../schemas/prediction.ts';
import type { Score } from '../../../schemas/score.ts';

const result = (task: string, label: string, confidence: number): Result => ({
  ...{ task, label, confidence },
  release: `${task}@1.0.0`,
  labels: [label, 'other'],
  probabilities: [confidence, 1 - confidence],
  arm: null,
});

const toxicity = (probability: number): Result => ({
  task: 'toxicity',
  release: 'toxicity@1.0.0',
  label: probability >= 0.5 ? 'toxic' : 'not-toxic',
  confidence: Math.max(probability, 1 - probability),
  labels: ['not-toxic', 'toxic'],
  probabilities: [1 - probability, probability],
  arm: null,
});

const prediction = (changes: Partial<Prediction>): Prediction => ({
  ...{ id: 'p-1', tenant: 'default', eventTime: 1, ingestTime: 2, source: 'forum', traceparent: '00-a-b-01' },
  ...{ messageId: 'm-1', kind: 'comment', textLength: 11, language: 'en' },
  values: createVector()('Hello there'),
  results: [],
  ...changes,
});

const options = { toxicityThreshold: 0.5, toxicityThresholds: { de: 0.8, pt: 0.3 } };

async function score(changes: Partial<Prediction>): Promise<Score> {
  const [outcome] = await createScoring(options)([prediction(changes)]);
  assert.ok(outcome?.kind === 'ok');
  return outcome.outputs[0] as Score;
}

test('a comment gets its labels and its decision, a prompt’s part stays empty', async () => {
  const results = [
    result('language', 'en', 0.9),
    result('sentiment', 'positive', 0.7),
    result('emotion', 'joy', 0.6),
  ];
  const scored = await score({ results: [...results, toxicity(0.1)] });
  assert.deepEqual(scored, {
    ...{ tenant: 'default', eventTime: 1, ingestTime: 2, source: 'forum', traceparent: '00-a-b-01' },
    id: derivedId('m-1', 'scoring', 'language@1.0.0', 'sentiment@1.0.0', 'emotion@1.0.0', 'toxicity@1.0.0'),
    ...{ messageId: 'm-1', kind: 'comment', language: 'en', languageConfidence: Math.fround(0.9) },
    ...{ sentiment: 'positive', sentimentConfidence: Math.fround(0.7) },
    ...{ emotion: 'joy', emotionConfidence: Math.fround(0.6) },
    ...{ toxicity: Math.fround(0.1), toxic: false, intent: null, intentConfidence: null, complexity: null },
    ...{ quality: null, clarity: null, specificity: null, structure: null, context: null },
    releases: ['language@1.0.0', 'sentiment@1.0.0', 'emotion@1.0.0', 'toxicity@1.0.0'],
  });
});

test('the threshold is the one of the language', async () => {
  const decide = async (language: string, probability: number): Promise<boolean | null> =>
    (await score({ language, results: [toxicity(probability)] })).toxic;
  assert.equal(await decide('en', 0.5), true);
  assert.equal(await decide('en', 0.49), false);
  assert.equal(await decide('de', 0.7), false);
  assert.equal(await decide('de', 0.8), true);
  assert.equal(await decide('pt-BR', 0.3), true);
});

test('a toxic label below one per cent was left out of the prediction and counts as 0', async () => {
  const sure: Result = { ...toxicity(0.001), labels: ['not-toxic'], probabilities: [0.999] };
  const scored = await score({ results: [sure] });
  assert.equal(scored.toxicity, 0);
  assert.equal(scored.toxic, false);
});

test('a prompt gets intent, complexity and quality, and names the rules', async () => {
  const values = createVector()('Please explain how a B-tree splits a node, with an example.');
  const scored = await score({ kind: 'prompt', values, results: [result('prompt-intent', 'explain', 0.8)] });
  assert.equal(scored.intent, 'explain');
  assert.equal(scored.intentConfidence, Math.fround(0.8));
  assert.deepEqual(scored.releases, ['prompt-intent@1.0.0', 'rules@1.1.0']);
  assert.equal(scored.toxic, null);
  for (const points of [
    scored.quality,
    scored.clarity,
    scored.specificity,
    scored.structure,
    scored.context,
  ]) {
    assert.ok(points !== null && points === Math.fround(points) && points > 0 && points <= 100);
  }
});

/** What inference makes of a model that scores: every label in its order, points as shares of 100. */
const quality = (points: Readonly<Record<string, number>>): Result => ({
  task: 'prompt-quality',
  release: 'prompt-quality@1.0.0',
  label: Object.keys(points)[0]!,
  confidence: Object.values(points)[0]! / 100,
  labels: Object.keys(points),
  probabilities: Object.values(points).map((value) => Math.fround(value / 100)),
  arm: null,
});
const pointsOf = ({ quality, clarity, specificity, structure, context }: Score) => ({
  ...{ quality, clarity, specificity, structure, context },
});

test('where a model judges the quality, its points are the answer, whatever the order of its labels', async () => {
  const values = createVector()('Please explain how a B-tree splits a node, with an example.');
  const points = { context: 50, quality: 75, structure: 100, clarity: 62.5, specificity: 0 };
  const scored = await score({ kind: 'prompt', values, results: [quality(points)] });
  assert.deepEqual(pointsOf(scored), {
    ...{ quality: 75, clarity: 62.5, specificity: 0, structure: 100, context: 50 },
  });
  assert.deepEqual(scored.releases, ['prompt-quality@1.0.0', 'rules@1.1.0']);
  const byRules = await score({ kind: 'prompt', values });
  assert.equal(scored.complexity, byRules.complexity);
  assert.notEqual(scored.quality, byRules.quality);
});

test('a model that leaves out a sub-score leaves the quality to the rules, which explain it', async () => {
  const values = createVector()('Please explain how a B-tree splits a node, with an example.');
  const partly = await score({ kind: 'prompt', values, results: [quality({ quality: 75, clarity: 60 })] });
  assert.deepEqual(pointsOf(partly), pointsOf(await score({ kind: 'prompt', values })));
});

test('without models the answers are null, and nothing fails', async () => {
  const scored = await score({ language: 'und' });
  assert.equal(scored.language, null);
  assert.equal(scored.languageConfidence, null);
  assert.equal(scored.toxicity, null);
  assert.equal(scored.toxic, null);
  assert.deepEqual(scored.releases, []);
});
