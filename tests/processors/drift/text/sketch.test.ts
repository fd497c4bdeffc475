// Sketches of texts: what they keep, and what windows of real texts come to against the shipped ones.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { dimensions, embed } from '../../../../processors/drift/text/embedding.ts';
import { compareTexts, sketchTexts, textsMin } from '../../../../processors/drift/text/sketch.ts';
import { gatherWords, noveltyOf } from '../../../../processors/drift/text/vocabulary.ts';
import { wordsOf } from '../../../../processors/drift/text/words.ts';
import { cleanText } from '../../../../processors/features/cleaning.ts';
import { hashOf } from '../../../../processors/features/hashing.ts';
import { textSketchSchema } from '../../../../schemas/text-sketch.ts';
import { readRows, textOf } from '../../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../../trainers/random.ts';

const read = async (path: string): Promise<readonly string[]> => [
  ...new Set((await readRows(path)).map((row) => cleanText(textOf(row)))),
];
const [comments, questions, reference] = [
  await read('samples/comments.jsonl.gz'),
  await read('trainers/data/banking77/test.jsonl.gz'),
  await read('trainers/data/reference/comments.jsonl.gz'),
];
const sketch = textSketchSchema.parse(
  JSON.parse(await readFile('models/sentiment/2.0.0/sketch-comment.json', 'utf8')),
);

const random = createRandom(23);
/** So many of the texts, in no order. */
function some(texts: readonly string[], count: number): readonly string[] {
  const left = [...texts];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

/** Two neighbouring letters change places in every second longer word. */
const mistyped = (text: string): string =>
  text.replace(/[\p{L}]{4,}/gu, (word) => {
    const at = 1 + Math.floor(random() * (word.length - 2));
    return random() < 0.5 ? `${word.slice(0, at)}${word[at + 1]}${word[at]}${word.slice(at + 2)}` : word;
  });

const moved = (texts: readonly string[]): readonly string[] =>
  compareTexts(sketch, texts)
    .filter(({ drifted }) => drifted)
    .map(({ feature }) => feature);

describe('words', () => {
  it('are what was chosen: no addresses, names after @ or numbers; pairs where scripts have no spaces', () => {
    assert.deepEqual(wordsOf('Don’t ask @sam_1 about https://a.example/x?y or a@b.example, 42 times #now'), [
      'Don’t',
      'ask',
      'about',
      'or',
      'times',
      'now',
    ]);
    assert.deepEqual(wordsOf('日本語 okです ไทย'), ['日本', '本語', 'ok', 'です', 'ไท', 'ทย']);
    assert.deepEqual(wordsOf('¡! 12 …'), []);
    assert.equal(wordsOf('a '.repeat(3_000)).length, 500);
  });
});

describe('vocabularies', () => {
  it('know every word they were made of, and few others', () => {
    const { known } = gatherWords(reference);
    assert.equal(noveltyOf(known, reference).share, 0);
    const made = Array.from({ length: 2_000 }, (_, index) => `qx${index.toString(26).replace(/\d/g, 'z')}vw`);
    // What the filter takes for known is put right on average.
    assert.ok(Math.abs(noveltyOf(known, made).share - 1) < 0.02);
    assert.ok(known.filter.length < (known.words * 10) / 8);
  });

  it('count novelty as leaving each text out does', () => {
    const texts = reference.slice(0, 60);
    const words = texts.map((text) => wordsOf(text).map((word) => hashOf(word)));
    let [fresh, all] = [0, 0];
    for (const [index, one] of words.entries()) {
      const others = new Set(words.flatMap((other, at) => (at === index ? [] : other)));
      all += one.length;
      fresh += one.filter((word) => !others.has(word)).length;
    }
    assert.ok(Math.abs(gatherWords(texts).novelty.share - fresh / all) < 1e-12);
  });
});

describe('vectors', () => {
  const likeness = (a: string, b: string): number => {
    const [one, other] = [embed(a), embed(b)];
    return one.reduce((sum, value, at) => sum + value * other[at]!, 0) / 127 ** 2;
  };

  it('have length 1, and lie near where words are shared', () => {
    assert.equal(embed('…').join(''), '0'.repeat(dimensions));
    assert.ok(Math.abs(likeness('a card that was lost', 'a card that was lost') - 1) < 0.02);
    const near = likeness('my bank card was lost in town', 'was my bank card lost today?');
    const far = likeness('my bank card was lost in town', 'she sings beautiful songs every evening');
    assert.ok(near > far + 0.3, `${near} ${far}`);
  });
});

describe('sketches', () => {
  it('are those of the shipped releases', () => {
    assert.deepEqual(sketchTexts(reference), sketch);
  });

  it('are silent about samples that no model saw', () => {
    for (let window = 0; window < 5; window++) assert.deepEqual(moved(some(comments, 300)), []);
  });

  it('see another subject', () => {
    assert.deepEqual(moved(some(questions, 300)), ['domain']);
    assert.deepEqual(moved([...some(comments, 150), ...some(questions, 150)]), ['domain']);
  });

  it('see typing errors', () => {
    assert.ok(moved(some(comments, 300).map(mistyped)).includes('vocabulary'));
  });

  it('see a language that few of the reference texts are in', async () => {
    const rows = (await readRows('trainers/data/lid/dev.jsonl.gz')) as { text: string; label: string }[];
    const swahili = rows.filter(({ label }) => label === 'sw').map(({ text }) => cleanText(text));
    assert.ok(swahili.length >= 90, `${swahili.length} rows`);
    const found = moved([...some(comments, 210), ...some(swahili, 90)]);
    assert.ok(found.includes('vocabulary'), String(found));
  });

  it('say nothing of few texts, and count repeated ones once', () => {
    assert.deepEqual(compareTexts(sketch, some(comments, textsMin - 1)), []);
    const texts = some(comments, 150);
    assert.deepEqual(compareTexts(sketch, [...texts, ...texts]), compareTexts(sketch, texts));
    assert.deepEqual(compareTexts(sketch, new Array<string>(1_000).fill('spam')), []);
  });
});
