// The features processor over real sentences of many scripts, and over texts that nobody would write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeatures, type Source } from '../../../processors/features/features.ts';
import { createVector } from '../../../processors/features/vector.ts';
import type { Features } from '../../../schemas/features.ts';
import { type FeatureName, featureAt, featureItems } from '../../../schemas/features.ts';
import { derivedId } from '../../../schemas/identity.ts';

const vector = createVector();

function expectFeatures(text: string, expected: Partial<Record<FeatureName, number>>): void {
  const values = vector(text);
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(
      values[featureAt[name as FeatureName]],
      Math.fround(value),
      `${name} of ${JSON.stringify(text)}`,
    );
  }
}

const source = (text: string, id = 'c-1'): Source => ({
  kind: 'comment',
  message: {
    id,
    tenant: 'default',
    eventTime: 1_700_000_000_000,
    ingestTime: 1_700_000_000_050,
    source: 'forum',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    text,
    author: null,
    thread: null,
  },
});

test('English words, sentences and lengths', () => {
  expectFeatures("The dog didn't bark. Why? The dog slept!", {
    characters: 40,
    words: 8,
    sentences: 3,
    wordLength: (3 + 3 + 5 + 4 + 3 + 3 + 3 + 5) / 8,
    sentenceLength: 8 / 3,
    uniqueWordRatio: 6 / 8,
    rootTypeTokenRatio: 6 / Math.sqrt(8),
    onceOnlyRatio: 4 / 6,
    questionMarks: 1,
    exclamationMarks: 1,
    punctuationRatio: 4 / 40,
    nonLatinRatio: 0,
    lines: 1,
  });
});

test('reading ease follows Flesch with vowel groups as syllables', () => {
  // 14 words, 2 sentences, 18 syllables: "simple" counts two, the silent e of "the" is its only vowel and stays.
  const ease = 206.835 - 1.015 * 7 - 84.6 * (18 / 14);
  expectFeatures('The quick brown fox jumps over the lazy dog. It was a simple sentence.', {
    syllablesPerWord: 18 / 14,
    readingEase: ease,
    longWords: 1,
  });
});

test('a full stop inside numbers, addresses, initials and abbreviations ends no sentence', () => {
  expectFeatures('It cost 3.14 or 1,000 at example.com, e.g. for J. Smith.', { sentences: 1, numbers: 2 });
  expectFeatures('Hmm... well.', { sentences: 2 });
});

const scripts: readonly (readonly [string, string, Partial<Record<FeatureName, number>>])[] = [
  ['Chinese', '我喜欢北京。你呢？', { words: 5, sentences: 2, questionMarks: 1, nonLatinRatio: 1 }],
  ['Thai', 'ฉันกินข้าว', { words: 3, sentences: 1 }],
  ['Hindi', 'मैं घर जा रहा हूँ। क्या तुम आओगे?', { words: 8, sentences: 2, questionMarks: 1 }],
  ['Arabic', 'كيف حالك؟ بخير.', { words: 3, sentences: 2, questionMarks: 1 }],
  ['Urdu', 'میں گھر جا رہا ہوں۔ شکریہ۔', { words: 6, sentences: 2 }],
  [
    'Armenian, with the question inside the word',
    'Ո՞ւր ես գնում։ Լավ։',
    { words: 4, sentences: 2, questionMarks: 1 },
  ],
  ['Greek asks with a semicolon', 'Τι κάνεις; Καλά.', { words: 3, sentences: 2, questionMarks: 1 }],
  ['Amharic', 'ነጻ ነው። እንዴት ነህ፧', { words: 4, sentences: 2, questionMarks: 1 }],
  ['Persian with a half space in a word', 'می‌خواهم بروم', { words: 2 }],
  ['Russian', 'Привет, мир!', { words: 2, upperCaseRatio: 1 / 9, syllablesPerWord: 0, readingEase: 0 }],
  ['Arabic digits', 'عندي ٣ كتب', { numbers: 1, hasNumbers: 1 }],
];
for (const [name, text, expected] of scripts) test(name, () => expectFeatures(text, expected));

test('what prompts ask for', () => {
  expectFeatures('Explain it step by step, for example as JSON in 100 words.', {
    asksForDetail: 1,
    asksForExample: 1,
    asksForFormat: 1,
  });
  expectFeatures('STEP-BY-STEP please', { asksForDetail: 1 });
  expectFeatures('A step of an in-law', { asksForDetail: 0, asksForExample: 0, asksForFormat: 0 });
});

test('lists, code and lines', () => {
  expectFeatures('Do this:\n1. first\n2) second\n- third\n```js\nf()\n```\nthen `g()` and `h`', {
    listItems: 3,
    codeBlocks: 3,
    lines: 8,
    numbers: 0,
  });
});

test('addresses, mentions and hashtags', () => {
  expectFeatures(
    '@bob see https://example.com/a?b=1. or www.x.org, mail joe@example.org! #wow C# &#39; a@b',
    {
      urls: 2,
      emails: 1,
      mentions: 1,
      hashtags: 1,
      questionMarks: 0,
    },
  );
});

test('emoji as people see them', () => {
  expectFeatures('👨‍👩‍👧 ❤️ 🇩🇪🇫🇷 👍🏽 1️⃣ © soooo', { emoji: 6, longestRepeat: 4 });
});

test('quotes need two marks and inches are none', () => {
  expectFeatures('She said "yes".', { hasQuotes: 1 });
  expectFeatures('„Ja“', { hasQuotes: 1 });
  expectFeatures('5" x 6"', { hasQuotes: 0 });
});

test('every feature is a finite 32-bit float of its place, whatever the text', () => {
  for (const text of ['!!!', '😀', '1', 'a', '\ufffd', '```', '@', '"', '- x', '漢', '𝒜𝒷', '𠀀𠀁']) {
    const values = vector(text);
    assert.equal(values.length, featureItems.length);
    for (const value of values)
      assert.ok(Number.isFinite(value) && value === Math.fround(value) && value >= 0);
  }
});

test('hostile texts are read in linear time', () => {
  const hostile = [
    '😀',
    'a',
    '?!.,"@#`',
    '我喜欢北京',
    'a@b.',
    'http://',
    '- a\n',
    '1,',
    '`',
    '👨‍👩‍👧',
    'w ',
  ];
  const begun = performance.now();
  for (const piece of hostile) vector(piece.repeat(Math.floor(65_536 / piece.length)).trim());
  // About 0.1 s in all; one quadratic step alone would take many seconds.
  assert.ok(performance.now() - begun < 10_000);
});

test('one outcome per message; the envelope is kept and the id derived', async () => {
  const outcomes = await createFeatures()([
    source('Hello  there'),
    source(' \u0000 ', 'c-2'),
    source('x', 'c-3'),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.kind),
    ['ok', 'invalid', 'ok'],
  );
  const [first, second] = outcomes;
  assert.ok(first?.kind === 'ok' && second?.kind === 'invalid');
  const message = first.outputs[0] as Features;
  const { tenant, eventTime, ingestTime, source: from, traceparent } = source('').message;
  assert.deepEqual(message, {
    ...{ tenant, eventTime, ingestTime, source: from, traceparent },
    id: derivedId('c-1', 'features'),
    messageId: 'c-1',
    kind: 'comment',
    // Nobody has written it.
    stickyKey: null,
    text: 'Hello there',
    values: vector('Hello there'),
  });
  assert.equal(second.code, 'no-text');
  assert.match(second.reason, /c-2/);
});

test('a text says the same after any other', () => {
  const before = vector('One “quote” and `code');
  for (let round = 0; round < 50; round++) vector('unclosed "quote ``` and 漢字 '.repeat(round + 1).trim());
  assert.deepEqual(vector('One “quote” and `code'), before);
});
