// Clean-up of texts: what goes, what stays, and that hostile texts take no longer than harmless ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanText } from '../../../processors/features/cleaning.ts';

const cases: readonly (readonly [string, string, string])[] = [
  ['a clean text stays', 'Hello, world.', 'Hello, world.'],
  ['spaces collapse', '  two   words\t\u00a0here ', 'two words here'],
  ['one line break stays of many', 'a \r\n\r\n  b\u2028c', 'a\nb\nc'],
  ['control characters and NUL go', 'a\u0000b\u0007c\u009fd', 'abcd'],
  ['NFC', 'e\u0301', 'é'],
  ['junk between a letter and its mark goes before NFC', 'e\u200b\u0301', 'é'],
  ['characters of no width go', '\ufeffzero\u200bwidth\u2060\u00ad', 'zerowidth'],
  ['direction overrides go', 'abc\u202etxt.exe', 'abctxt.exe'],
  ['lone surrogates are replaced', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
  ['emoji sequences stay', '👨‍👩‍👧 👍🏽 ❤️ 🏳️‍🌈', '👨‍👩‍👧 👍🏽 ❤️ 🏳️‍🌈'],
  ['the flag of Wales stays', '🏴󠁧󠁢󠁷󠁬󠁳󠁿', '🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
  ['hidden tags go', 'hi\u{e0068}\u{e0069}', 'hi'],
  ['a joiner between Latin letters goes', 'a\u200db', 'ab'],
  ['a Persian half space stays', 'می\u200cخواهم', 'می\u200cخواهم'],
  ['one variation selector stays', '❤\ufe0f\ufe0f', '❤\ufe0f'],
  ['noncharacters go', 'a\uffff\ufdd0b', 'ab'],
  ['nothing is left of nothing', ' \u0000\u200b\n', ''],
];
for (const [name, text, expected] of cases) {
  test(name, () => {
    assert.equal(cleanText(text), expected);
    assert.equal(cleanText(expected), expected);
  });
}

test('marks on one letter are bounded', () => {
  assert.ok(cleanText(`a${'\u0301\u0323'.repeat(500)}`).length <= 31);
});

test('cleaning twice is cleaning once, whatever the text', () => {
  const pieces = [
    'a',
    'é',
    'e\u0301',
    ' ',
    '\n',
    '\u0000',
    '\u200d',
    '\u200c',
    '\ud83d',
    '\udc4d',
    '👍',
    '🏽',
    '\ufe0f',
  ];
  const more = [
    'م',
    'ी',
    'ক',
    '漢',
    '\u{e0100}',
    '🏴',
    '\u{e0067}',
    '\u0345',
    '\u00ad',
    '\u3000',
    '한',
    'ᄒ',
    'ᅡ',
    '\u212b',
  ];
  const all = [...pieces, ...more];
  let state = 7;
  for (let round = 0; round < 5_000; round++) {
    let text = '';
    for (let length = round % 24; length > 0; length--) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      text += all[(state >>> 8) % all.length];
    }
    const once = cleanText(text);
    assert.equal(cleanText(once), once, JSON.stringify(text));
    assert.doesNotThrow(() => encodeURIComponent(once), JSON.stringify(text));
  }
});
