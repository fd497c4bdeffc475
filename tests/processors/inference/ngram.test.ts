// The featurizer: bounded, linear, the same for the same words, and two kinds of ids kept apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Featurizer } from '../../../processors/inference/ngram.ts';
import type { FeaturizerOptions } from '../../../schemas/model-manifest.ts';

const options: FeaturizerOptions = {
  words: 2,
  charactersMin: 2,
  charactersMax: 3,
  leadingWords: 0,
  wordBuckets: 1_024,
  characterBuckets: 4_096,
  idsMax: 512,
};

function idsOf(text: string, changes: Partial<FeaturizerOptions> = {}): number[] {
  const changed = { ...options, ...changes };
  const ids = new Int32Array(changed.idsMax);
  const end = new Featurizer(changed).featurize(text, ids, 0);
  return [...ids.subarray(0, end)];
}
const words = (ids: readonly number[]) => ids.filter((id) => id < options.wordBuckets);
const characters = (ids: readonly number[]) => ids.filter((id) => id >= options.wordBuckets);

test('two words give two words, one pair and every short run of characters with the word boundaries', () => {
  const ids = idsOf('ab c');
  assert.equal(words(ids).length, 3);
  // <ab> has 3 pairs and 2 triples, <c> has 2 pairs and 1 triple.
  assert.equal(characters(ids).length, 8);
  assert.ok(ids.every((id) => id >= 0 && id < options.wordBuckets + options.characterBuckets));
});

test('case, kind of apostrophe and separators make no difference; order of words does', () => {
  assert.deepEqual(idsOf('Don’t STOP'), idsOf("  don't --- stop."));
  assert.notDeepEqual(idsOf('dog bites man'), idsOf('man bites dog'));
});

test('what begins in the middle of a buffer equals what begins at its start', () => {
  const ids = new Int32Array(2 * options.idsMax);
  const featurizer = new Featurizer(options);
  featurizer.featurize('something else before', ids, 0);
  const end = featurizer.featurize('Привет, мир!', ids, 100);
  assert.deepEqual([...ids.subarray(100, end)], idsOf('Привет, мир!'));
});

test('question marks, exclamation marks and emoji are words of their own', () => {
  assert.equal(words(idsOf('?')).length, 1);
  assert.equal(words(idsOf('❤️')).length, 1);
  assert.equal(words(idsOf('😂😡')).length, 3);
  assert.notDeepEqual(idsOf('😂'), idsOf('😡'));
  assert.notDeepEqual(idsOf('?'), idsOf('!'));
});

test('leading words count twice, further ones do not', () => {
  const plain = idsOf('write a poem about rain');
  const leading = idsOf('write a poem about rain', { leadingWords: 2 });
  assert.equal(leading.length, plain.length + 2);
});

test('nothing to read gives nothing', () => {
  for (const text of ['', ' \n', '... -- ...', '\u0000\u200d\ufe0f']) assert.deepEqual(idsOf(text), []);
});

test('ids are bounded, whatever the text, and no text is read beyond the bound', () => {
  for (const text of [
    'word '.repeat(100_000),
    'x'.repeat(65_536),
    '😂'.repeat(100_000),
    '\ud800'.repeat(9_999),
  ]) {
    assert.equal(idsOf(text).length, options.idsMax);
  }
});

test('a run without separators is read in pieces: its end still counts', () => {
  const run = '字'.repeat(100);
  assert.notDeepEqual(idsOf(run), idsOf(`${run}新`));
});
