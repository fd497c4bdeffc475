// Stems are those of Porter’s algorithm: as Python’s snowballstemmer gives them (tests/golden/retrieval/make.py).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { stemOf } from '../../../processors/retrieval/stem.ts';
import { isFunctionTerm, termOf, termsOf, wordsOf } from '../../../processors/retrieval/terms.ts';

test('three thousand words have the stems that snowballstemmer gives them', async () => {
  const golden = JSON.parse(await readFile('tests/golden/retrieval/stems.json', 'utf8')) as Record<
    string,
    string
  >;
  const wrong = Object.entries(golden).filter(([word, stem]) => stemOf(word) !== stem);
  assert.ok(Object.keys(golden).length > 2_000);
  assert.deepEqual(wrong, []);
});

test('the examples of Porter’s paper', () => {
  const examples = {
    caresses: 'caress',
    ponies: 'poni',
    cats: 'cat',
    agreed: 'agre',
    plastered: 'plaster',
    motoring: 'motor',
    conflated: 'conflat',
    hopping: 'hop',
    falling: 'fall',
    filing: 'file',
    happy: 'happi',
    sky: 'sky',
    relational: 'relat',
    vietnamization: 'vietnam',
    hopefulness: 'hope',
    electricity: 'electr',
    replacement: 'replac',
    adoption: 'adopt',
    controll: 'control',
    roll: 'roll',
  };
  for (const [word, stem] of Object.entries(examples)) assert.equal(stemOf(word), stem);
});

test('words of other letters, numbers and short words stay as they are', () => {
  for (const word of ['écoles', '1995s', 'is', 'правила', '']) assert.equal(stemOf(word), word);
});

test('terms: lower case, no possessive, in the order of the text', () => {
  assert.deepEqual(termsOf("Tesla's motors RAN quickly — in 1891!"), [
    'tesla',
    'motor',
    'ran',
    'quickli',
    'in',
    '1891',
  ]);
  assert.deepEqual(wordsOf(' … '), []);
  assert.equal(termOf('Chicago’s'), 'chicago');
});

test('function words are told from others, whatever their case', () => {
  for (const word of ['The', 'because', 'WHOM']) assert.ok(isFunctionTerm(termOf(word)), word);
  for (const word of ['river', 'won', 'day']) assert.ok(!isFunctionTerm(termOf(word)), word);
});
