// Hashed words: the exact path against vectors of an independent implementation (Python, and made for the peers'
// benchmark), the byte path against the exact path over texts of every script and shape.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ByteTokenizer } from '../../../../processors/inference/hashed/byte-tokenizer.ts';
import { hashText } from '../../../../processors/inference/hashed/hashing.ts';
import { type HashingOptions, hashingSchema } from '../../../../schemas/model-hashing.ts';
import { readRows, textOf } from '../../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../../trainers/random.ts';

const light = hashingSchema.parse({ bigrams: true, buckets: 1 << 18, idsMax: 128 });
const heavy = hashingSchema.parse({
  buckets: 29_522,
  offset: 1_000,
  prefixIds: [101],
  suffixIds: [102],
  idsMax: 128,
});

const vectors = JSON.parse(readFileSync('tests/golden/hashed-vectors.json', 'utf8')) as readonly {
  readonly text: string;
  readonly light: readonly number[];
  readonly heavy: readonly number[];
}[];

function byBytes(texts: readonly string[], options: HashingOptions): number[][] {
  const tokenizer = new ByteTokenizer(options);
  for (const text of texts) {
    // Neither at the beginning nor at the end of its buffer, as in a batch of records.
    const bytes = Buffer.from(`"x"${text}"y"`);
    tokenizer.addBytes(bytes, 3, bytes.length - 3);
  }
  const { ids, ends } = tokenizer.take();
  return texts.map((_, row) => [...ids.subarray(row === 0 ? 0 : ends[row - 1], ends[row])]);
}

test('both paths give the ids of the golden vectors', () => {
  for (const [options, name] of [[light, 'light'] as const, [heavy, 'heavy'] as const]) {
    const wanted = vectors.map((vector) => [...vector[name]]);
    assert.deepEqual(
      vectors.map(({ text }) => hashText(text, options)),
      wanted,
    );
    assert.deepEqual(
      byBytes(
        vectors.map(({ text }) => text),
        options,
      ),
      wanted,
    );
  }
});

/** Words and pairs end where the ids do, in texts that are too long by a word, a pair, or a lot. */
test('a text is cut to its ids', () => {
  const words = Array.from({ length: 300 }, (_, at) => `w${at}`);
  for (const idsMax of [1, 2, 3, 7, 128])
    for (const count of [0, 1, 2, 3, 4, 5, 64, 65, 127, 128, 129, 300]) {
      const text = words.slice(0, count).join(' ');
      const options = { ...light, idsMax };
      const wanted = hashText(text, options);
      assert.equal(wanted.length, Math.min(idsMax, Math.max(0, 2 * count - 1)));
      assert.deepEqual(byBytes([text], options), [wanted]);
    }
});

const alphabets = [
  'abcXYZ019 _-\'.,!"\t\n',
  'äöüßÄÖÜéÉñçÇşŞıİ ẞ',
  'σςΣ ΑΒΓ άΈ ',
  'привет МИР ёЁ ',
  '漢字かな カナ 한국어',
  '👍🔥😀 🇩🇪 👩‍👩‍👧 ',
  'ⒶⓐⅣⅳ²½٣४ ',
  '𐐀𐐨𝐀𝟘 𞤀',
  'ⱾȾǅǄŉ ﬁ ΐ',
  '\u0301\u200d\ufeff\u00ad ',
  'Ⰰ𝒳K Å ſ',
];

test('the byte path agrees with the exact path over texts of every script', () => {
  const random = createRandom(5);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const anyCharacter = () => {
    const point = Math.floor(random() ** 3 * 0x110000);
    return point >= 0xd800 && point <= 0xdfff ? 'Σ' : String.fromCodePoint(point);
  };
  const texts = Array.from({ length: 20_000 }, () => {
    const letters = [...pick(alphabets), ...pick(alphabets)];
    return Array.from({ length: Math.floor(random() * 60) }, () =>
      random() < 0.03 ? anyCharacter() : pick(letters),
    ).join('');
  });
  for (const options of [light, heavy, { ...light, idsMax: 5 }, { ...heavy, bigrams: true }])
    assert.deepEqual(
      byBytes(texts, options),
      texts.map((text) => hashText(text, options)),
    );
});

test('every character is classed alike on both paths', () => {
  const options = { ...heavy, idsMax: 8_000 };
  const texts: string[] = [];
  for (let first = 0; first < 0x110000; first += 256) {
    const points = Array.from({ length: 256 }, (_, at) => first + at);
    const characters = points.filter((point) => point < 0xd800 || point > 0xdfff);
    texts.push(characters.map((point) => `a${String.fromCodePoint(point)}b`).join(' '));
  }
  const bytes = byBytes(texts, options);
  const wrong = texts.filter((text, row) => hashText(text, options).join() !== bytes[row]!.join());
  assert.deepEqual(wrong, []);
});

test('the byte path agrees with the exact path over comments', async () => {
  const texts = (await readRows('samples/comments.jsonl.gz')).map(textOf);
  assert.ok(texts.length > 500);
  assert.deepEqual(
    byBytes(texts, light),
    texts.map((text) => hashText(text, light)),
  );
});

test('options that leave no room for words are refused', () => {
  const refused = hashingSchema.safeParse({ buckets: 8, idsMax: 2, prefixIds: [1], suffixIds: [2] });
  assert.match(refused.error?.message ?? '', /leaves no room for words/);
});
