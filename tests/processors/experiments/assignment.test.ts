// Assignment to arms: sticky, uniform, independent between experiments, and growing without moving anybody back.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { armAmong, armOf } from '../../../processors/experiments/assignment.ts';

const keys = Array.from({ length: 50_000 }, (_, number) => `author-${number}`);

const inTreatment = (salt: string, share: number): ReadonlySet<string> =>
  new Set(keys.filter((key) => armOf(key, salt, share) === 'treatment'));

/** Deviations of a count from what chance gives. */
const deviations = (count: number, trials: number, share: number): number =>
  Math.abs(count - trials * share) / Math.sqrt(trials * share * (1 - share));

describe('assignment', () => {
  it('gives a key the same arm, here and in every version of this program', () => {
    const arms = ['ann', 'bob', 'carol', 'dave', 'eve', 'frank'].map((key) =>
      armOf(key, 'experiment-1', 0.5),
    );
    assert.deepEqual(arms, ['treatment', 'control', 'control', 'treatment', 'treatment', 'control']);
  });

  it('gives each arm its share of the keys', () => {
    for (const share of [0.01, 0.1, 0.5, 0.9]) {
      const { size } = inTreatment('uniform', share);
      assert.ok(deviations(size, keys.length, share) < 4, `${share}: ${size}`);
    }
    assert.equal(inTreatment('none', 0).size, 0);
    assert.equal(inTreatment('all', 1).size, keys.length);
  });

  it('is uniform for keys that differ in one character, and for empty ones', () => {
    const short = Array.from({ length: 10_000 }, (_, number) => String.fromCodePoint(0x4e00 + number));
    const treated = short.filter((key) => armOf(key, 's', 0.3) === 'treatment').length;
    assert.ok(deviations(treated, short.length, 0.3) < 4, `${treated}`);
    assert.ok(['control', 'treatment'].includes(armOf('', '', 0.5)));
  });

  it('of one experiment says nothing about that of another', () => {
    const [first, second] = [inTreatment('experiment-1', 0.2), inTreatment('experiment-2', 0.2)];
    const both = [...first].filter((key) => second.has(key)).length;
    assert.ok(deviations(both, keys.length, 0.04) < 4, `${both}`);
  });

  it('takes keys only from the control when a share grows', () => {
    const [small, large] = [inTreatment('growing', 0.1), inTreatment('growing', 0.5)];
    assert.ok([...small].every((key) => large.has(key)));
  });

  it('among several arms gives each its share, and nobody else an arm', () => {
    const arms = [
      { name: 'a', share: 0.1 },
      { name: 'b', share: 0.3 },
      { name: 'c', share: 0 },
    ];
    const counts = new Map<string | null, number>();
    for (const key of keys) {
      const arm = armAmong(key, 'several', arms);
      counts.set(arm, (counts.get(arm) ?? 0) + 1);
    }
    assert.ok(deviations(counts.get('a')!, keys.length, 0.1) < 4);
    assert.ok(deviations(counts.get('b')!, keys.length, 0.3) < 4);
    assert.ok(deviations(counts.get(null)!, keys.length, 0.6) < 4);
    assert.equal(counts.has('c'), false);
    const tenths = Array.from({ length: 10 }, (_, number) => ({ name: `${number}`, share: 0.1 }));
    assert.ok(keys.every((key) => armAmong(key, 'full', tenths) !== null));
  });

  it('refuses shares that are none', () => {
    assert.throws(() => armOf('key', 'salt', 1.2), RangeError);
    assert.throws(() => armOf('key', 'salt', -0.1), RangeError);
    assert.throws(() => armOf('key', 'salt', Number.NaN), RangeError);
    assert.throws(
      () =>
        armAmong(
          'key',
          'salt',
          [...'ab'].map((name) => ({ name, share: 0.6 })),
        ),
      RangeError,
    );
  });
});
