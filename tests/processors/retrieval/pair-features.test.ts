// Pair features: finite for any text, the same for the same pair, and each says what its name says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTypeOf, focusOf, signsOf } from '../../../processors/retrieval/answer-type.ts';
import { PairFeaturizer, pairFeatureNames } from '../../../processors/retrieval/pair-features.ts';
import { readTermTable, TermTable, writeTermTable } from '../../../processors/retrieval/term-table.ts';
import { countTerms } from '../../../trainers/ranking/term-statistics.ts';

const texts = [
  'The river flows through the city of Paris.',
  'The city has two rivers and many bridges.',
  'Marie Curie discovered radium in 1898.',
  'Radium is a chemical element.',
  'A chemical element cannot be split.',
  'Paris is the capital city of France.',
];
const rows = countTerms(texts, { passagesMin: 1, termsMax: 100, dimensions: 4, window: 3, seed: 1 });
const featurizer = new PairFeaturizer(new TermTable(rows));
const featuresOf = (question: string, candidate: string) => {
  const values = featurizer.featurize([[question, candidate]]);
  return Object.fromEntries(pairFeatureNames.map((name, at) => [name, values[at]!]));
};

test('every feature of every pair is a finite number, whatever the texts', () => {
  const odd = [
    '',
    ' ',
    '?',
    '😂😂',
    '\ud800',
    'the of and',
    'x'.repeat(5_000),
    'word '.repeat(3_000),
    '日本語 テキスト',
    ...texts,
  ];
  const pairs = odd.flatMap((first) => odd.map((second) => [first, second] as const));
  const features = featurizer.featurize(pairs);
  assert.equal(features.length, pairs.length * pairFeatureNames.length);
  assert.ok(features.every(Number.isFinite));
});

test('a pair has the same features alone and among others', () => {
  const pairs = texts.map((text) => ['Who discovered radium?', text] as const);
  const together = featurizer.featurize(pairs);
  const size = pairFeatureNames.length;
  pairs.forEach((pair, at) => {
    assert.deepEqual(featurizer.featurize([pair]), together.slice(at * size, (at + 1) * size));
  });
});

test('a right answer has more of what counts than one about something else', () => {
  const right = featuresOf('Who discovered radium?', texts[2]!);
  const wrong = featuresOf('Who discovered radium?', texts[0]!);
  for (const name of ['bm25', 'idfCoverage', 'tfIdfCosine', 'alignment', 'trigramCosine', 'longestRun']) {
    assert.ok(right[name]! > wrong[name]!, name);
  }
  assert.ok(right['signs:person']! > wrong['signs:person']!);
});

test('a candidate that is the question itself reaches the top of the shares', () => {
  const features = featuresOf('chemical element radium', 'Chemical elements: radium');
  for (const name of [
    'idfCoverage',
    'idfPrecision',
    'tfIdfCosine',
    'termCoverage',
    'embeddingCosine',
    'alignment',
  ]) {
    assert.ok(Math.abs(features[name]! - 1) < 1e-6, `${name} is ${features[name]}`);
  }
});

test('what a question asks for', () => {
  const questions = {
    'who wrote Hamlet?': 'person',
    'When did the war end?': 'time',
    'how many people live in Texas': 'number',
    'Where is Mount Fuji?': 'place',
    'Why is the sky blue?': 'reason',
    'how are glacier caves formed ?': 'manner',
    'What is a novel coronavirus?': 'definition',
    'Name a fruit.': 'thing',
    'What year was she born?': 'time',
    'which city hosted the games': 'place',
  } as const;
  for (const [question, type] of Object.entries(questions))
    assert.equal(answerTypeOf(question), type, question);
  assert.equal(focusOf('What country has the most lakes?'), 'country');
  assert.equal(focusOf('Who?'), '');
});

test('what an answer looks like, without capitals too', () => {
  assert.equal(signsOf('time', 'it began on 4 may 1998'), 1);
  assert.equal(signsOf('number', 'about <num> people'), 1);
  assert.equal(signsOf('time', 'it began early'), 0);
  assert.equal(signsOf('thing', 'anything'), 0);
});

test('a term table comes back from its bytes as it was; damaged bytes are refused', () => {
  const bytes = writeTermTable(rows);
  const table = readTermTable(bytes);
  assert.deepEqual(table.terms, rows.terms);
  const [river, city] = [table.numberOf('river'), table.numberOf('citi')];
  assert.ok(Math.abs(table.similarity(river, river) - 1) < 1e-6);
  assert.equal(table.similarity(river, city), new TermTable(rows).similarity(river, city));
  assert.ok(table.idfOf('unseen') > table.idfOf('citi'));
  assert.throws(() => readTermTable(bytes.subarray(0, bytes.length - 1)), /bytes/);
  assert.throws(() => readTermTable(new Uint8Array(20)), /no term table/);
});
