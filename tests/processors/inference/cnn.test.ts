// Words become the numbers a CNN reads: known words their own, others buckets, and never more than are read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { plainWords, WordNumbers } from '../../../processors/inference/word-ids.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';

const words = new WordNumbers(['good', "don't", '?'], 4, 5);

test('known words have their places, others share buckets behind them, padding is 0', () => {
  assert.equal(words.size, 8);
  const [ids, again] = [words.read(['Good DON’T unseen ?', '']), words.read(['unseen'])];
  assert.deepEqual([...ids.subarray(0, 2)], [1, 2]);
  assert.ok(ids[2]! >= 4 && ids[2]! < 8);
  assert.equal(ids[2], again[0]);
  assert.deepEqual([...ids.subarray(3)], [3, 0, 0, 0, 0, 0, 0]);
});

test('what follows the words that are read changes nothing', () => {
  const first = words.read(['a b c d e']);
  assert.deepEqual(words.read([`a b c d e ${'more '.repeat(50_000)}`]), first);
});

test('words are told apart in any script; marks that ask and cry and emoji are words', () => {
  assert.deepEqual(plainWords('Don’t STOP!? 😂 Привет, мир…'), [
    "don't",
    'stop',
    '!',
    '?',
    '😂',
    'привет',
    'мир',
  ]);
  assert.deepEqual(plainWords(' \n…'), []);
});

test('a release without a vocabulary, or with one that is no list, is refused', async () => {
  const manifest = { kind: 'cnn', release: 'film@1.0.0' } as ManifestOf<'cnn'>;
  await assert.rejects(loadModel({ manifest, files: new Map() }), /no file vocabulary\.json/);
  const files = new Map([['vocabulary.json', Buffer.from('{}')]]);
  await assert.rejects(loadModel({ manifest, files }), /no list/);
});
