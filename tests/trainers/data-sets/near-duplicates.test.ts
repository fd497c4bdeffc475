// Near duplicates: what MinHash finds is what a comparison of all pairs finds, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NearDuplicates } from '../../../trainers/data-sets/near-duplicates.ts';
import { sameKey } from '../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../trainers/random.ts';
import { sentences } from './written-set.ts';

/** Jaccard similarity by strings, written anew. */
function similarity(one: string, other: string): number {
  const grams = (text: string) => {
    const key = sameKey(text);
    return new Set(Array.from({ length: Math.max(1, key.length - 4) }, (_, at) => key.slice(at, at + 5)));
  };
  const [a, b] = [grams(one), grams(other)];
  const common = [...a].filter((gram) => b.has(gram)).length;
  return common / (a.size + b.size - common);
}

test('all pairs from the threshold on are found, and no other', () => {
  const random = createRandom(3);
  const base = sentences(90);
  const texts = base.flatMap((text) => {
    const at = Math.floor(random() * text.length);
    return [
      `${text} with some more words behind it`,
      `${text.slice(0, at)}x${text.slice(at)} with some more words behind it`,
    ];
  });
  for (const threshold of [0.7, 0.8, 0.9]) {
    const index = new NearDuplicates(threshold);
    let [wanted, found] = [0, 0];
    for (const [at, text] of texts.entries()) {
      const near = texts.slice(0, at).filter((other) => similarity(text, other) >= threshold);
      const matches = index.matches(text);
      for (const { key } of matches) assert.ok(similarity(key, text) >= threshold, `${key} / ${text}`);
      wanted += near.length > 0 ? 1 : 0;
      found += near.length > 0 && matches.length > 0 ? 1 : 0;
      index.add(text);
    }
    assert.ok(wanted > 5, `${wanted}`);
    assert.ok(found >= 0.99 * wanted, `${threshold}: ${found} of ${wanted}`);
  }
});

test('texts of no letters, of one letter and of none at all are compared as they are', () => {
  const index = new NearDuplicates(0.8);
  for (const text of ['👍', '!!!', 'a', 'b']) {
    assert.deepEqual(index.matches(text), [], text);
    index.add(text);
  }
  assert.equal(index.matches('👍').length, 1);
  assert.equal(index.matches('A').length, 1);
});

test('a thousand variants of a greeting take no quadratic time', () => {
  const index = new NearDuplicates(0.8);
  const began = performance.now();
  for (let at = 0; at < 5_000; at++) {
    index.matches(`thank you very much for all of your help today ${at % 50}`);
    index.add(`thank you very much for all of your help today ${at % 50}`);
  }
  assert.ok(performance.now() - began < 10_000);
});
