// An expander adds near terms with less weight, at most so many, and none below the floor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Expander, readNeighbours } from '../../../processors/retrieval/expansion.ts';

const table = {
  neighbours: {
    wing: [
      ['airfoil', 0.9],
      ['blade', 0.7],
      ['bird', 0.4],
    ],
    lift: [
      ['drag', 0.8],
      ['airfoil', 0.6],
    ],
    the: [['a', 0.99]],
  },
} as const;
const options = { similarityFloor: 0.5, termsMax: 2, weight: 0.5 };

test('the query stays whole and in front; what fits most of it joins first', () => {
  const expanded = new Expander(table, options).expand(['the', 'lift', 'wing', 'wing']);
  assert.deepEqual(expanded.slice(0, 4), [
    ['the', 1],
    ['lift', 1],
    ['wing', 1],
    ['wing', 1],
  ]);
  assert.deepEqual(expanded.slice(4), [
    ['airfoil', 0.45],
    ['drag', 0.4],
  ]);
});

test('below the floor nothing joins: the query is as it was', () => {
  const expander = new Expander(table, { ...options, similarityFloor: 0.95 });
  assert.deepEqual(expander.expand(['wing']), [['wing', 1]]);
});

test('terms of the query do not join it again, and function words bring no neighbours', () => {
  const expander = new Expander(table, { ...options, termsMax: 10 });
  assert.deepEqual(expander.expand(['wing', 'airfoil', 'the']).slice(3), [['blade', 0.35]]);
});

test('unknown terms and names of an object’s own parts have no neighbours', () => {
  const expander = new Expander(table, options);
  assert.deepEqual(expander.expand(['constructor', 'toString', 'unseen']).length, 3);
  assert.deepEqual(expander.expand([]), []);
});

test('what is no table is refused', () => {
  assert.deepEqual(readNeighbours(JSON.stringify(table)), table);
  for (const text of ['null', '[]', '{}', '{"neighbours": 3}'])
    assert.throws(() => readNeighbours(text), /no table/);
});
