// Cleaning: each row is left out for the first reason that holds, and counted; the order is the one that is stated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadRow } from '../../../connectors/tabular/row.ts';
import { type CleaningOptions, cleanRows } from '../../../trainers/data-sets/cleaning.ts';
import type { SetManifest } from '../../../trainers/data-sets/manifest.ts';
import { all, draftOf, notUtf8, sentences, sourceOf } from './written-set.ts';

const manifestOf = (changes: Partial<SetManifest> = {}): SetManifest => ({
  ...draftOf(),
  files: [],
  ...changes,
});
const run = async (
  rows: Parameters<typeof sourceOf>[0],
  manifest: SetManifest,
  options: Partial<CleaningOptions> = {},
) => {
  const { rows: kept, ...counts } = await cleanRows(sourceOf(rows), manifest, { seed: 1, ...options });
  return { ...counts, rows: await all(kept()) };
};
const none = {
  'invalid-utf8': 0,
  malformed: 0,
  missing: 0,
  unmapped: 0,
  short: 0,
  conflicting: 0,
  duplicate: 0,
  'near-duplicate': 0,
  'balanced-away': 0,
};

test('every reason has its count, and what is left stands as it stood', async () => {
  const rows = [
    notUtf8,
    new BadRow('malformed', 'no object'),
    { text: null, label: 'a' },
    { text: '\u0000 \t', label: 'a' },
    { text: 'no label at all here' },
    { text: 'this label is left out', label: 'out' },
    { text: 'too short', label: 'a' },
    { text: 'same words, two answers', label: 'a' },
    { text: 'Same words: two answers!', label: 'b' },
    { text: 'same words two answers', label: 'a' },
    { text: 'one that stays', label: 'old', extra: 1 },
    { text: 'ONE that stays.', label: 'a' },
    { text: 'another one that stays', label: 'b' },
  ];
  const manifest = manifestOf({ labelMap: { old: 'a', out: null }, cleaning: { wordsMin: 3 } });
  assert.deepEqual(await run(rows, manifest), {
    read: 13,
    kept: 2,
    clipped: 0,
    left: {
      ...none,
      'invalid-utf8': 1,
      malformed: 1,
      missing: 3,
      unmapped: 1,
      short: 1,
      conflicting: 3,
      duplicate: 1,
    },
    rows: [
      { text: 'one that stays', label: 'old', extra: 1 },
      { text: 'another one that stays', label: 'b' },
    ],
  });
});

test('scores are clipped to 0–100 where the manifest says so, and are no answer where they are no numbers', async () => {
  const rows = [-5, '130', 50, 'high', null, Number.NaN].map((score, at) => ({
    text: `prompt number ${at}`,
    score,
  }));
  const scored = { kind: 'score', columns: { text: 'text', score: 'score' } } as const;
  const clipped = await run(rows, manifestOf({ ...scored, cleaning: { clipScores: true } }));
  assert.deepEqual(
    clipped.rows.map(({ score }) => score),
    [0, 100, 50],
  );
  assert.deepEqual([clipped.clipped, clipped.left.missing], [2, 3]);
  const asTheyAre = await run(rows, manifestOf(scored));
  assert.deepEqual(
    asTheyAre.rows.map(({ score }) => score),
    [-5, '130', 50],
  );
});

test('near duplicates are left out when asked, and the first one stays', async () => {
  const first = 'the quick brown fox jumps over the lazy dog and runs away into the dark forest';
  const rows = [first, `${first} again`, 'something else entirely about the weather of today'].map(
    (text) => ({ text, label: 'a' }),
  );
  assert.equal((await run(rows, manifestOf())).kept, 3);
  const near = await run(rows, manifestOf(), { nearDuplicates: 0.8 });
  assert.deepEqual(near.left, { ...none, 'near-duplicate': 1 });
  assert.deepEqual(near.rows, [rows[0], rows[2]]);
  await assert.rejects(run(rows, manifestOf(), { nearDuplicates: 0.2 }), { code: 'bad-argument' });
});

test('balancing keeps as many low, medium and high scores, drawn by the seed', async () => {
  const scores = [...Array(60).fill(10), ...Array(25).fill(50), ...Array(15).fill(90)];
  const rows = sentences(100).map((text, at) => ({ text, score: scores[at] }));
  const manifest = manifestOf({ kind: 'score', columns: { text: 'text', score: 'score' } });
  const one = await run(rows, manifest, { balance: true });
  const of = (score: number) => one.rows.filter((row) => row.score === score).length;
  assert.deepEqual([of(10), of(50), of(90), one.left['balanced-away']], [15, 15, 15, 55]);
  assert.deepEqual(await run(rows, manifest, { balance: true }), one);
  assert.notDeepEqual((await run(rows, manifest, { balance: true, seed: 2 })).rows, one.rows);
  const labels = { kind: 'multi-label', columns: { text: 'text', labels: 'labels' } } as const;
  await assert.rejects(run([{ text: 'a b c', labels: ['x'] }], manifestOf(labels), { balance: true }), {
    code: 'bad-argument',
  });
});

test('pairs are the same when both texts are', async () => {
  const rows = [
    { text: 'a question', other: 'an answer', label: 'yes' },
    { text: 'a question', other: 'another answer', label: 'no' },
    { text: 'A question?', other: 'an answer', label: 'yes' },
    { text: 'a question', label: 'yes' },
  ];
  const pairs = manifestOf({ kind: 'pairs', columns: { text: 'text', second: 'other', label: 'label' } });
  const { left, rows: kept } = await run(rows, pairs);
  assert.deepEqual([left.duplicate, left.missing, left.conflicting], [1, 1, 0]);
  assert.deepEqual(kept, rows.slice(0, 2));
});
