// BM25 scores equal those of a Python implementation that agrees with bm25s (tests/golden/retrieval/make.py).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { asQuery, Bm25Index } from '../../../processors/retrieval/bm25.ts';

interface Golden {
  readonly k1: number;
  readonly b: number;
  readonly corpus: readonly (readonly string[])[];
  readonly queries: readonly (readonly string[])[];
  readonly scores: readonly (readonly number[])[];
}

test('scores equal Python’s to 1e-12, for two settings', async () => {
  const golden = JSON.parse(await readFile('tests/golden/retrieval/bm25.json', 'utf8')) as readonly Golden[];
  for (const { k1, b, corpus, queries, scores } of golden) {
    const index = new Bm25Index(corpus, { k1, b });
    queries.forEach((query, at) => {
      const found = new Float64Array(corpus.length);
      for (const { passage, score } of index.search(asQuery(query), corpus.length)) found[passage] = score;
      scores[at]!.forEach((score, passage) => {
        assert.ok(
          Math.abs(score - found[passage]!) < 1e-12,
          `${query.join(' ')}: ${score}, ${found[passage]}`,
        );
      });
    });
  }
});

const passages = [['a', 'b'], ['a'], ['c', 'a', 'a'], ['d']];

test('best first, equal ones in their order, no more than asked for, none without a shared term', () => {
  const index = new Bm25Index([...passages, ['a']]);
  const hits = index.search(asQuery(['a']), 10);
  assert.deepEqual(
    hits.map(({ passage }) => passage),
    [1, 4, 2, 0],
  );
  assert.ok(hits.every(({ score }, at) => at === 0 || score <= hits[at - 1]!.score));
  assert.equal(index.search(asQuery(['a']), 2).length, 2);
  assert.deepEqual(index.search(asQuery(['unseen']), 5), []);
});

test('a search leaves nothing behind for the next', () => {
  const index = new Bm25Index(passages);
  const before = index.search(asQuery(['a', 'b']), 5);
  index.search(asQuery(['a', 'c', 'd']), 5);
  assert.deepEqual(index.search(asQuery(['a', 'b']), 5), before);
});

test('weights scale what a term brings; terms that weigh nothing bring nothing', () => {
  const index = new Bm25Index(passages);
  const score = (weight: number) => index.search([['b', weight]], 1)[0]?.score;
  assert.ok(Math.abs(score(0.5)! * 2 - score(1)!) < 1e-12);
  assert.equal(score(0), undefined);
  assert.equal(score(-1), undefined);
});

test('an index of nothing finds nothing', () => {
  assert.deepEqual(new Bm25Index([]).search(asQuery(['a']), 3), []);
});

test('a hundred thousand passages are indexed and searched in seconds', () => {
  const many = Array.from({ length: 100_000 }, (_, at) =>
    Array.from(
      { length: 12 },
      (_, place) => `t${(at * 31 + place * place * 7) % (1 + ((at * place) % 5_000))}`,
    ),
  );
  const started = performance.now();
  const index = new Bm25Index(many);
  const hits = index.search(asQuery(['t1', 't2', 't300']), 10);
  assert.equal(hits.length, 10);
  assert.ok(performance.now() - started < 15_000);
});
