// Embeddings: the decomposition is that of known matrices, and terms that are used alike come out alike.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TermTable } from '../../../processors/retrieval/term-table.ts';
import { createRandom } from '../../../trainers/random.ts';
import { cooccurrence, decompose, eigenSymmetric, type Sparse } from '../../../trainers/ranking/embedding.ts';
import { countTerms } from '../../../trainers/ranking/term-statistics.ts';

test('eigenvalues and eigenvectors rebuild a random symmetric matrix', () => {
  const size = 12;
  const random = createRandom(3);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = 2 * random() - 1;
  }
  const { values, vectors } = eigenSymmetric(matrix, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += vectors[i * size + k]! * values[k]! * vectors[j * size + k]!;
      assert.ok(Math.abs(sum - matrix[i * size + j]!) < 1e-9);
    }
  }
});

const dense = (rows: readonly (readonly number[])[]): Sparse => ({
  size: rows.length,
  starts: Int32Array.from({ length: rows.length + 1 }, (_, row) => row * rows.length),
  columns: Int32Array.from({ length: rows.length ** 2 }, (_, at) => at % rows.length),
  values: Float64Array.from(rows.flat()),
});

test('a matrix of rank one comes back from one dimension', () => {
  const vector = [1, 2, 3, 4, 5];
  const rows = decompose(dense(vector.map((a) => vector.map((b) => a * b))), { dimensions: 1, seed: 1 });
  for (const [i, a] of vector.entries()) {
    for (const [j, b] of vector.entries()) assert.ok(Math.abs(rows[i]! * rows[j]! - a * b) < 1e-9);
  }
});

test('mutual information of a hand-counted text', () => {
  // 0 stands beside 1 twice, 2 beside 3 twice; nothing else.
  const passages = [Int32Array.of(0, 1), Int32Array.of(0, 1), Int32Array.of(2, 3), Int32Array.of(2, 3)];
  const { starts, columns, values } = cooccurrence(passages, 4, 2);
  assert.deepEqual([...starts], [0, 1, 2, 3, 4]);
  assert.deepEqual([...columns], [1, 0, 3, 2]);
  // count 2, row total 2, context share a quarter: ln(2 / (2 / 4)).
  for (const value of values) assert.ok(Math.abs(value - Math.log(4)) < 1e-12);
});

test('terms used alike are near, others are not; the same seed gives the same bytes', () => {
  const random = createRandom(5);
  const draw = (words: readonly string[]) => words[Math.floor(random() * words.length)]!;
  const animals = ['cat', 'dog', 'horse', 'cow'];
  const cars = ['truck', 'van', 'taxi', 'bus'];
  const texts = Array.from({ length: 400 }, (_, at) =>
    at % 2 === 0
      ? `${draw(animals)} ${draw(['eats', 'sleeps', 'breeds'])} ${draw(['grass', 'meadow', 'barn'])}`
      : `${draw(cars)} ${draw(['drives', 'parks', 'brakes'])} ${draw(['road', 'garage', 'street'])}`,
  );
  const options = { passagesMin: 2, termsMax: 100, dimensions: 6, window: 3, seed: 2 };
  const rows = countTerms(texts, options);
  assert.deepEqual(countTerms(texts, options), rows);
  const table = new TermTable(rows);
  const similarity = (a: string, b: string) => table.similarity(table.numberOf(a), table.numberOf(b));
  assert.ok(similarity('cat', 'dog') > 0.8, `${similarity('cat', 'dog')}`);
  assert.ok(similarity('truck', 'van') > 0.8);
  assert.ok(similarity('cat', 'van') < 0.3);
});
