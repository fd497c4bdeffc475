// The mixture: it trusts the half that is right, and texts without letters have no say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitMixture, type HalfAnswers } from '../../../trainers/language/mixture.ts';
import { createRandom } from '../../../trainers/random.ts';

const labels = 4;
const size = 400;

/** Answers in which each half leans towards the truth by so much, among noise of one. */
function answersOf(characters: number, ngram: number, units: (text: number) => number): HalfAnswers {
  const random = createRandom(11);
  const truth = Int32Array.from({ length: size }, (_, text) => text % labels);
  const likelihoods = new Float64Array(size * labels);
  const logits = new Float32Array(size * labels);
  for (let at = 0; at < size * labels; at++) {
    const holds = truth[Math.floor(at / labels)] === at % labels ? 1 : 0;
    likelihoods[at] = holds * characters + 2 * random() - 1;
    logits[at] = holds * ngram + 2 * random() - 1;
  }
  return {
    labels,
    truth,
    weights: new Float64Array(size).fill(1),
    likelihoods,
    units: Int32Array.from({ length: size }, (_, text) => units(text)),
    logits,
  };
}

test('the half that knows gets the weight, and both where both know', () => {
  const byCharacters = fitMixture(answersOf(1, 0, () => 1));
  assert.ok(byCharacters.characters > 1 && byCharacters.ngram < 0.3, JSON.stringify(byCharacters));
  const byNgram = fitMixture(answersOf(0, 1, () => 1));
  assert.ok(byNgram.ngram > 1 && byNgram.characters < 0.3, JSON.stringify(byNgram));
  const both = fitMixture(answersOf(1, 1, () => 1));
  assert.ok(both.characters > 0.8 && both.ngram > 0.8, JSON.stringify(both));
});

test('what many units say weighs less where it is no truer for that', () => {
  const answers = answersOf(1, 0, (text) => (text % 2 === 0 ? 1 : 16));
  const stretched = answers.likelihoods.map((value, at) => value * answers.units[Math.floor(at / labels)]!);
  const mixture = fitMixture({ ...answers, likelihoods: stretched });
  assert.ok(mixture.lengthPower > 0.7, JSON.stringify(mixture));
});

test('texts without units are left out', () => {
  const answers = answersOf(1, 0, (text) => (text < size / 2 ? 1 : 0));
  const misled = answers.likelihoods.map((value, at) => (at < (size * labels) / 2 ? value : -9 * value));
  assert.deepEqual(fitMixture({ ...answers, likelihoods: misled }), fitMixture(answers));
});
