// Augmentation: off unless asked for, the same from the same seed, each kind changes what it is said to change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AugmentationKind,
  augmentationKinds,
  createAugmentation,
} from '../../../trainers/data-sets/augmentation/augmentation.ts';
import { homoglyphs, leet } from '../../../trainers/data-sets/augmentation/tables.ts';
import { textKey } from '../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../trainers/random.ts';
import { sentences } from './written-set.ts';

const texts = sentences(200).map((text) => `Please help and explain: ${text}. Thank you!`);
const augmented = (kinds: Partial<Record<AugmentationKind, number>>, seed = 1, copies = 1) => {
  const augment = createAugmentation({ kinds, copies });
  const random = createRandom(seed);
  return texts.flatMap((text) =>
    augment({ text, labels: ['a'], weight: 2, slices: { source: 'x' } }, random),
  );
};

test('nothing is on by itself', () => {
  assert.deepEqual(augmented({}), []);
  assert.deepEqual(augmented({ typos: 0 }), []);
});

test('the same seed makes the same examples, another one others; labels, weights and slices stay', () => {
  const all = Object.fromEntries(augmentationKinds.map((kind) => [kind, 0.5]));
  assert.deepEqual(augmented(all, 3), augmented(all, 3));
  assert.notDeepEqual(augmented(all, 3), augmented(all, 4));
  for (const { labels, weight, slices } of augmented(all))
    assert.deepEqual([labels, weight, slices], [['a'], 2, { source: 'x' }]);
  assert.ok(augmented({ case: 1 }, 1, 3).length > 500);
});

/** The changed copies beside their originals; every text changes here. */
function changed(kind: AugmentationKind): readonly (readonly [before: string, after: string])[] {
  const augment = createAugmentation({ kinds: { [kind]: 1 } });
  const random = createRandom(7);
  const found = texts.flatMap((text) =>
    augment({ text, labels: [] }, random).map((example) => [text, example.text] as const),
  );
  assert.ok(found.length > 120, `${kind}: ${found.length}`);
  return found;
}

test('case, emoji and spacing keep the letters', () => {
  const letters = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  for (const kind of ['case', 'emoji', 'spacing'] as const)
    for (const [before, after] of changed(kind)) assert.equal(letters(after), letters(before), kind);
  for (const [before, after] of changed('emoji')) {
    assert.match(after, /\p{Extended_Pictographic}/u);
    assert.equal(textKey(after), textKey(before));
  }
});

test('typos change few letters', () => {
  for (const [before, after] of changed('typos')) {
    assert.ok(Math.abs(after.length - before.length) <= 8, after);
    assert.equal(after.split(' ').length, before.split(' ').length);
  }
});

test('disguises are read as the same word by people: every letter is one that stands for it', () => {
  const back = new Map(
    [leet, homoglyphs].flatMap((table) =>
      Object.entries(table).flatMap(([letter, choices]) =>
        Array.from(choices, (sign) => [sign, letter] as const),
      ),
    ),
  );
  let signs = 0;
  for (const [before, after] of changed('disguise')) {
    const [one, other] = [Array.from(before), Array.from(after)];
    assert.equal(other.length, one.length);
    for (const [at, letter] of other.entries()) {
      if (letter === one[at]) continue;
      signs += 1;
      const table = [leet, homoglyphs].some((choices) => choices[one[at]!.toLowerCase()]?.includes(letter));
      assert.ok(table && back.has(letter), `${one[at]} → ${letter}`);
    }
  }
  assert.ok(signs > 400);
});

test('synonyms replace whole words and keep capitals', () => {
  const words = new Set(changed('synonyms').flatMap(([, after]) => after.match(/\w+/g) ?? []));
  assert.ok(words.has('assist') && words.has('clarify'));
  const augment = createAugmentation({ kinds: { synonyms: 1 }, copies: 20 });
  const found = augment({ text: 'Help', labels: [] }, createRandom(1)).map(({ text }) => text);
  assert.deepEqual([...new Set(found)], ['Assist']);
});
