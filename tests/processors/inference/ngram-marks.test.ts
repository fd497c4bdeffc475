// What the featurizer reads beyond words and characters: each option adds what it says, and none changes what is read
// without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Featurizer } from '../../../processors/inference/ngram.ts';
import { repairWord, textMarks } from '../../../processors/inference/ngram-marks.ts';
import type { FeaturizerOptions } from '../../../schemas/model-manifest.ts';

const plain: FeaturizerOptions = {
  words: 1,
  charactersMin: 3,
  charactersMax: 3,
  leadingWords: 0,
  wordBuckets: 65_536,
  characterBuckets: 65_536,
  idsMax: 512,
};

function idsOf(text: string, changes: Partial<FeaturizerOptions> = {}): number[] {
  const options = { ...plain, ...changes };
  const ids = new Int32Array(options.idsMax);
  return [...ids.subarray(0, new Featurizer(options).featurize(text, ids, 0))];
}
const wordsOf = (text: string, changes: Partial<FeaturizerOptions> = {}) =>
  new Set(idsOf(text, changes).filter((id) => id < plain.wordBuckets));
const idOf = (word: string) => idsOf(word)[0]!;

test('options that are off, or do not apply, change nothing', () => {
  const text = 'Ich schreibe ein Gedicht über 2024 Katzen';
  assert.deepEqual(
    idsOf(text, { flags: false, repairs: false, identities: false, negations: false }),
    idsOf(text),
  );
  assert.deepEqual(idsOf(text, { repairs: true, identities: true, negations: true }), idsOf(text));
});

test('disguised words also count as what was meant', () => {
  for (const [disguised, meant] of [
    ['b4stard', 'bastard'],
    ['1d1ot', 'idiot'],
    ['b@stard', 'bastard'],
    ['a$$hole', 'asshole'],
    ['b@d', 'bad'],
    ['soooooo', 'soo'],
    ['i d i o t', 'idiot'],
    ['you i.d.i.o.t!', 'idiot'],
  ] as const) {
    assert.ok(wordsOf(disguised, { repairs: true }).has(idOf(meant)), disguised);
    assert.ok(!wordsOf(disguised).has(idOf(meant)), disguised);
  }
});

test('what is no disguise is left alone', () => {
  for (const text of ['2024', '1st', 'mp3', 'good book', 'I am a cat', 'b2b 4x4', 'covid19', 'the 1960s']) {
    assert.deepEqual(idsOf(text, { repairs: true }), idsOf(text), text);
  }
});

test('repair works in the buffers it is given', () => {
  const repair = (text: string) => {
    const word = Uint16Array.from([2, ...[...text].map((unit) => unit.charCodeAt(0)), 3]);
    const repaired = new Uint16Array(66);
    const end = repairWord(word, text.length + 1, repaired);
    return end === 0 ? null : String.fromCharCode(...repaired.subarray(1, end));
  };
  assert.equal(repair('h4ppyyyy'), 'happyy');
  assert.equal(repair('happy'), null);
  assert.equal(repair('10000'), null);
});

test('groups of people are one word, their letters are not read', () => {
  const said = (group: string) => idsOf(`I met some ${group} today`, { identities: true });
  assert.deepEqual(said('women'), said('Muslims'));
  assert.notDeepEqual(said('women'), said('dentists'));
  assert.notDeepEqual(idsOf('I met women'), idsOf('I met muslims'));
});

test('a negation marks the three words that follow', () => {
  const more = (text: string) => idsOf(text, { negations: true }).length - idsOf(text).length;
  assert.equal(more('they are good and kind people'), 0);
  assert.equal(more('not good'), 1);
  assert.equal(more("they aren't good and kind people really"), 3);
  assert.notDeepEqual(
    idsOf('not good', { negations: true }).at(-1),
    idsOf('not bad', { negations: true }).at(-1),
  );
});

test('marks of the text: length, lines, questions, code, maths', () => {
  const bits = (text: string) => textMarks(text) & 63;
  assert.equal(bits('tell me a story'), 0);
  assert.equal(bits('why?'), 4 | 8);
  assert.equal(bits('why? tell me'), 4);
  assert.equal(bits('one\ntwo'), 1);
  assert.equal(bits('1.\n2.\n3.\n4.\n5.') & 3, 3);
  assert.equal(bits('for (let i = 0; i < n; i++) { sum += a[i]; }') & 16, 16);
  assert.equal(bits('what is 12 * 7') & 32, 32);
  assert.equal(textMarks('x'.repeat(100)) >> 8, 6);
  assert.equal(textMarks('x'.repeat(1_000_000)) >> 8, 19);
});

test('marks are read as words, but a text of marks alone stays empty', () => {
  assert.ok(idsOf('why now?', { flags: true }).length >= idsOf('why now?').length + 3);
  assert.deepEqual(idsOf(' \n\n ', { flags: true }), []);
  const inBuffer = new Int32Array(1_000);
  const featurizer = new Featurizer({ ...plain, flags: true, repairs: true });
  featurizer.featurize('no a b', inBuffer, 0);
  assert.equal(featurizer.featurize(' -- ', inBuffer, 100), 100);
});

test('ids stay bounded with everything on', () => {
  const all = { flags: true, repairs: true, identities: true, negations: true };
  for (const text of ['n0t w0men '.repeat(9_999), 'a '.repeat(99_999), '@$'.repeat(99_999)]) {
    assert.ok(idsOf(text, all).length <= plain.idsMax);
  }
});
