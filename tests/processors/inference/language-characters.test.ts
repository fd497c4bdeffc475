// Character models: packing gives back what went in, damage is noticed, and the table says what the counts say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CharacterTable, readTries } from '../../../processors/inference/character-table.ts';
import {
  type CharacterTrie,
  codeTrie,
  createTrieContexts,
  roundedCount,
} from '../../../processors/inference/character-trie.ts';
import { LanguageScorer } from '../../../processors/inference/language-scores.ts';
import { WordReader, wordUnitsMax } from '../../../processors/inference/language-words.ts';
import {
  BitDecoder,
  BitEncoder,
  codeNumber,
  createContexts,
} from '../../../processors/inference/range-coding.ts';
import { countCharacters } from '../../../trainers/language/character-counts.ts';
import { createRandom } from '../../../trainers/random.ts';

const texts = [
  ['the cat sat on the mat', "don't stop the well-known cat", 'that is the question'],
  ['der Hund und die Katze', 'das ist die Frage', 'Straße, Übermut und ÄRGER'],
  ['кошка и собака', 'это вопрос', 'сено и село'],
];
const shape = { languages: 3, order: 4, discount: 0.9 };

function pack(order: number, countMin = 1) {
  const encoder = new BitEncoder();
  const contexts = createTrieContexts();
  const tries = texts.map((lines) =>
    codeTrie(encoder, contexts, order, countCharacters(lines, { order, countMin })),
  );
  return { tries, bytes: encoder.finish() };
}

const wordsOf = (text: string): string[] => {
  const reader = new WordReader();
  reader.open(text);
  const words: string[] = [];
  for (let length = reader.next(); length > 0; length = reader.next()) {
    words.push(String.fromCharCode(...reader.units.subarray(0, length)));
  }
  return words;
};

/** N-grams of a trie by their units, with their counts. */
function listed(trie: CharacterTrie): Map<string, number> {
  const names = [''];
  const counts = new Map<string, number>();
  for (let node = 0; node < trie.size; node++) {
    for (let child = trie.children[node]!; child < trie.children[node + 1]!; child++) {
      names[child] = names[node]! + String.fromCharCode(trie.units[child]!);
      counts.set(names[child]!, trie.counts[child]!);
    }
  }
  return counts;
}

/** The same counted with strings and a map. */
function counted(lines: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of lines.flatMap(wordsOf)) {
    for (let end = 1; end <= word.length; end++) {
      for (let start = Math.max(0, end - order); start < end; start++) {
        const gram = word.slice(start, end);
        counts.set(gram, (counts.get(gram) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** Probability of the last unit of a gram after the others, interpolated, straight from the counts. */
function probabilityOf(counts: ReadonlyMap<string, number>, gram: string): number {
  const context = gram.slice(0, -1);
  const followers = [...counts].filter(
    ([other]) => other.length === gram.length && other.startsWith(context) && !other.endsWith('\u0002'),
  );
  const shorter = gram.length === 1 ? 1 / 1_000 : probabilityOf(counts, gram.slice(1));
  if (followers.length === 0) return shorter;
  const total = followers.reduce((sum, [, count]) => sum + count, 0);
  const own = Math.max(0, (counts.get(gram) ?? 0) - shape.discount);
  return own / total + ((shape.discount * followers.length) / total) * shorter;
}

test('what was packed comes out again: every n-gram with its count', () => {
  const { tries, bytes } = pack(shape.order);
  const read = readTries(bytes, shape);
  read.forEach((trie, language) => {
    assert.deepEqual(trie, tries[language]);
    assert.deepEqual(listed(trie), counted(texts[language]!, shape.order));
  });
});

test('rare long n-grams are left out, short ones never', () => {
  const all = listed(pack(5).tries[0]!);
  const kept = listed(pack(5, 2).tries[0]!);
  for (const [gram, count] of all) assert.equal(kept.has(gram), gram.length < 4 || count >= 2, gram);
  assert.ok(kept.size < all.size);
});

test('counts above 16 keep four of a hundred', () => {
  for (let count = 0; count < 100_000; count = Math.ceil(count * 1.1 + 1)) {
    assert.ok(Math.abs(roundedCount(count) - count) <= 0.045 * count + 0.5, String(count));
    assert.equal(roundedCount(roundedCount(count)), roundedCount(count));
  }
});

test('the table gives the interpolated likelihood of every word, seen or not', () => {
  const table = new CharacterTable(pack(shape.order).tries, shape);
  const grams = texts.map((lines) => counted(lines, shape.order));
  const reader = new WordReader();
  for (const text of ['the', 'stat', 'mathe', 'Frage', 'село', 'вода', 'on', "don't"]) {
    const sums = new Float64Array(3);
    reader.open(text);
    const length = reader.next();
    table.addWord(reader.units, length, sums);
    const word = wordsOf(text)[0]!;
    for (const [language, counts] of grams.entries()) {
      let expected = 0;
      for (let end = 2; end <= word.length; end++) {
        const gram = word.slice(Math.max(0, end - shape.order), end);
        // A unit that the language lacks altogether has a floor of its own.
        expected += counts.has(gram.at(-1)!) ? Math.log(probabilityOf(counts, gram)) : Number.NaN;
      }
      if (Number.isNaN(expected)) {
        assert.ok(sums[language]! < -10, `${text}: ${sums[language]}`);
        continue;
      }
      // Likelihoods are kept in steps of 1/24, back-off weights in steps of 1/12.
      const steps = (word.length - 1) * (1 / 48 + shape.order / 24);
      assert.ok(Math.abs(sums[language]! - expected) <= steps, `${text}: ${sums[language]}, ${expected}`);
    }
  }
});

test('damaged and short files are refused, and never end in a loop', () => {
  const { bytes } = pack(shape.order);
  assert.throws(() => readTries(bytes.subarray(0, bytes.length >> 1), shape), /damaged|cut short/);
  const damaged = bytes.slice();
  damaged.fill(0xa5, 4);
  assert.throws(() => readTries(damaged, shape), Error);
});

test('remembered words score as new ones, and the words after the limit are not read', () => {
  const table = new CharacterTable(pack(shape.order).tries, shape);
  const score = (scorer: LanguageScorer, text: string, wordsMax = 16) => {
    const sums = new Float64Array(3);
    return { units: scorer.score(text, wordsMax, sums), sums: [...sums] };
  };
  const used = new LanguageScorer(table);
  const random = createRandom(3);
  const vocabulary = texts.flat().join(' ').split(' ');
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: 4 }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(
      ' ',
    );
    assert.deepEqual(score(used, text), score(new LanguageScorer(table), text));
  }
  assert.deepEqual(score(used, 'the cat sat', 2), score(used, 'the cat'));
  assert.equal(score(used, '12 34 … 😀').units, 0);
  assert.equal(used.hasWords('12 34 … 😀'), false);
  assert.equal(used.hasWords('12 a'), true);
});

test('words are letters in lower case; apostrophes and hyphens belong to them only inside', () => {
  const inner = (text: string) => wordsOf(text).map((word) => word.slice(1, -1));
  assert.deepEqual(inner("Don’t «STOP» – 'well-known' 24h x2y"), [
    "don't",
    'stop',
    'well-known',
    'h',
    'x',
    'y',
  ]);
  assert.deepEqual(inner('-a- 한국어 नमस्ते'), ['a', '한국어', 'नमस्ते']);
  const long = 'x'.repeat(3 * wordUnitsMax);
  assert.equal(inner(long).join(''), long);
  assert.ok(wordsOf(long).every((word) => word.length <= wordUnitsMax));
});

test('coded bits come out as they went in, and what is expected costs little', () => {
  const random = createRandom(9);
  const values = Array.from({ length: 20_000 }, () => (random() < 0.98 ? 7 : Math.floor(random() * 256)));
  const encoder = new BitEncoder();
  const written = createContexts(256);
  for (const value of values) codeNumber(encoder, written, 0, 8, value);
  const bytes = encoder.finish();
  const decoder = new BitDecoder(bytes);
  const read = createContexts(256);
  for (const value of values) assert.equal(codeNumber(decoder, read, 0, 8, 0), value);
  assert.equal(decoder.isOverrun, false);
  // Its entropy is 0.3 bits a value.
  assert.ok(bytes.length < (20_000 * 0.4) / 8, String(bytes.length));
});
