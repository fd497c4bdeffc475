// Splits and folds: decided by the text alone, even, stable when rows are added, exact within labels when asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldOf, placeOf, splitOf, stratify } from '../../../trainers/data-sets/partition.ts';
import { sentences } from './written-set.ts';

const texts = sentences(6_000);
const shares = { train: 0.7, dev: 0.1, test: 0.2 };
const countOf = (parts: readonly (string | number)[], part: string | number) =>
  parts.filter((other) => other === part).length;

test('places are the same on every machine', () => {
  // Python: int.from_bytes(hashlib.sha256(b'split\0' + b'1\0the cat sings').digest()[:6], 'big') / 2**48
  assert.equal(placeOf('The cat sings!', 1, 'split').toFixed(12), '0.805220194108');
  assert.equal(placeOf('the cat sings', 2, 'split') === placeOf('the cat sings', 1, 'split'), false);
});

test('shares are met up to chance, by every seed', () => {
  for (const seed of [1, 2, 3]) {
    const parts = texts.map((text) => splitOf(text, seed, shares));
    for (const [name, share] of Object.entries(shares)) {
      const wanted = share * texts.length;
      // Four standard deviations of a binomial count.
      assert.ok(
        Math.abs(countOf(parts, name) - wanted) < 4 * Math.sqrt(wanted * (1 - share)),
        `${name} ${countOf(parts, name)}`,
      );
    }
  }
});

test('texts that are the same to a model are in one split, with any answers', () => {
  for (const text of texts.slice(0, 200))
    assert.equal(splitOf(`  ${text.toUpperCase()}!!`, 5, shares), splitOf(text, 5, shares));
  // Without letters the text itself decides: all of them in one split would be a split of emoji.
  const marks = Array.from({ length: 60 }, (_, at) => '!'.repeat(at + 1));
  assert.ok(new Set(marks.map((text) => splitOf(text, 5, shares))).size > 1);
});

test('growing a share moves rows into it and moves no other', () => {
  for (const text of texts.slice(0, 1_000)) {
    const before = splitOf(text, 1, { test: 0.2, train: 0.8 });
    const grown = splitOf(text, 1, { test: 0.3, train: 0.7 });
    if (before === 'test') assert.equal(grown, 'test');
  }
});

test('folds are even and do not follow the splits', () => {
  const folds = texts.map((text) => foldOf(text, 1, 5));
  for (let fold = 0; fold < 5; fold++)
    assert.ok(Math.abs(countOf(folds, fold) - 1_200) < 125, `${countOf(folds, fold)}`);
  const inTest = texts
    .filter((text) => splitOf(text, 1, shares) === 'test')
    .map((text) => foldOf(text, 1, 5));
  for (let fold = 0; fold < 5; fold++)
    assert.ok(Math.abs(countOf(inTest, fold) / inTest.length - 0.2) < 0.05);
});

test('stratified parts are exact within every label, rare ones too, whatever the order of rows', () => {
  const rows = texts
    .slice(0, 1_007)
    .map((text, at) => ({ text, label: at % 100 === 0 ? 'rare' : at % 3 === 0 ? 'some' : 'most' }));
  const parts = stratify(rows, 1, [0.7, 0.1, 0.2]);
  for (const label of ['rare', 'some', 'most']) {
    const own = [...parts].filter((_, at) => rows[at]!.label === label);
    for (const [part, share] of [0.7, 0.1, 0.2].entries())
      assert.ok(Math.abs(countOf(own, part) - share * own.length) < 1, `${label} ${part}`);
    assert.equal(own.length, rows.filter((row) => row.label === label).length);
  }
  const turned = stratify([...rows].reverse(), 1, [0.7, 0.1, 0.2]).reverse();
  assert.deepEqual(turned, parts);
});
