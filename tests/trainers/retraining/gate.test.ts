// The gate’s rules on constructed figures, and the figures themselves on constructed answers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLabels, readValues } from '../../../trainers/evaluation/answers.ts';
import { type Duel, duel } from '../../../trainers/retraining/duel.ts';
import { type GateRules, objectionsTo } from '../../../trainers/retraining/gate.ts';
import { verdictOf } from '../../../trainers/retraining/trial.ts';
import type { VariantTrial } from '../../../trainers/retraining/trial-folder.ts';

const rules: GateRules = {
  gainMin: 0.05,
  significance: 0.05,
  lossMax: 0.02,
  sliceSamplesMin: 100,
  protectedColumns: ['language'],
};
const duelOf = (champion: number, candidate: number, p: number, more: Partial<Duel> = {}): Duel => ({
  set: 'recent',
  samples: 1_000,
  champion,
  candidate,
  gain: (champion - candidate) / champion,
  gainInterval: null,
  p,
  slices: [],
  ...more,
});
const slice = (value: string, champion: number, candidate: number, p: number, samples = 500) => ({
  column: 'language',
  value,
  champion,
  candidate,
  p,
  samples,
});
const codes = (recent: Duel, old: readonly Duel[] = [], tried = 1, changed: Partial<GateRules> = {}) =>
  objectionsTo({ recent, old }, { ...rules, ...changed }, tried).map(({ code }) => code);

describe('the gate', () => {
  it('lets through what gains enough, beyond chance', () => {
    assert.deepEqual(codes(duelOf(0.4, 0.35, 0.001)), []);
    assert.deepEqual(codes(duelOf(0.4, 0.38, 0.049)), []);
  });

  it('stops what gains less than the threshold, however surely, and what is worse', () => {
    assert.deepEqual(codes(duelOf(0.4, 0.381, 1e-9)), ['gain-too-small']);
    assert.deepEqual(codes(duelOf(0.4, 0.45, 1e-9)), ['gain-too-small']);
    assert.deepEqual(codes(duelOf(0.4, 0.381, 1e-9), [], 1, { gainMin: 0.04 }), []);
  });

  it('stops a gain that chance explains, the sooner the more were tried', () => {
    assert.deepEqual(codes(duelOf(0.4, 0.3, 0.05)), ['gain-not-significant']);
    assert.deepEqual(codes(duelOf(0.4, 0.3, 0.03)), []);
    assert.deepEqual(codes(duelOf(0.4, 0.3, 0.03), [], 2), ['gain-not-significant']);
  });

  it('stops what forgets, beyond chance and beyond what is taken', () => {
    const gain = duelOf(0.4, 0.3, 0.001);
    assert.deepEqual(codes(gain, [duelOf(0.2, 0.25, 0.001, { set: 'old' })]), ['loses-on-old']);
    assert.deepEqual(codes(gain, [duelOf(0.2, 0.25, 0.2)]), []);
    assert.deepEqual(codes(gain, [duelOf(0.2, 0.215, 0.001)]), []);
    assert.deepEqual(codes(gain, [duelOf(0.2, 0.1, 0.001)]), []);
  });

  it('stops a loss on a protected slice, with Holm’s correction, and looks at no small or other slice', () => {
    const gain = (...slices: Duel['slices']) => duelOf(0.4, 0.3, 0.001, { slices });
    assert.deepEqual(codes(gain(slice('de', 0.2, 0.3, 0.001))), ['loses-on-slice']);
    assert.deepEqual(codes(gain(slice('de', 0.2, 0.3, 0.001, 99))), []);
    assert.deepEqual(codes(gain({ ...slice('x', 0.2, 0.3, 0.001), column: 'tenant' })), []);
    assert.deepEqual(
      codes(gain({ ...slice('x', 0.2, 0.3, 0.001), column: 'tenant' }), [], 1, {
        protectedColumns: ['tenant'],
      }),
      ['loses-on-slice'],
    );
    // 0.02 < 0.05 alone; of three slices the smallest p has to be below 0.05/3.
    assert.deepEqual(codes(gain(slice('de', 0.2, 0.3, 0.02))), ['loses-on-slice']);
    assert.deepEqual(
      codes(gain(slice('de', 0.2, 0.3, 0.02), slice('fr', 0.3, 0.3, 1), slice('it', 0.3, 0.3, 1))),
      [],
    );
    // Once the smallest is rejected the next is held against 0.05/2: a surer gain elsewhere frees it.
    assert.deepEqual(
      codes(gain(slice('de', 0.2, 0.3, 0.02), slice('fr', 0.5, 0.3, 1e-6), slice('it', 0.3, 0.3, 1))),
      ['loses-on-slice'],
    );
  });

  it('takes the better of those that pass, and says why none did', () => {
    const trial = (variant: VariantTrial['variant'], error: number, isGood: boolean): VariantTrial => ({
      variant,
      kind: 'ngram',
      seconds: 1,
      recent: duelOf(0.4, error, 0.001),
      old: [],
      objections: isGood ? [] : [{ code: 'loses-on-old', what: `${variant} forgets` }],
    });
    assert.equal(
      verdictOf([trial('incremental', 0.3, true), trial('scratch', 0.31, true)]).passed,
      'incremental',
    );
    assert.equal(
      verdictOf([trial('incremental', 0.3, false), trial('scratch', 0.31, true)]).passed,
      'scratch',
    );
    const none = verdictOf([trial('incremental', 0.3, false), trial('scratch', 0.31, false)]);
    assert.equal(none.passed, null);
    assert.match(none.why, /incremental forgets/);
  });
});

describe('a duel', () => {
  const labels = ['no', 'yes'];
  const manifest = { labels, activation: 'softmax' as const };
  const examples = Array.from({ length: 200 }, (_, at) => ({
    text: `text ${at}`,
    labels: [at % 2 === 0 ? 'yes' : 'no'],
    slices: { language: at < 150 ? 'en' : 'de' },
  }));
  /** Answers that are right where `isRight` says so. */
  const answers = (isRight: (row: number) => boolean) => {
    const values = Float32Array.from({ length: 400 }, (_, at) => {
      const row = at >> 1;
      const holds = (row % 2 === 0 ? 1 : 0) === (at & 1);
      return holds === isRight(row) ? 0.9 : 0.1;
    });
    return { labels: readLabels(manifest, examples, values) };
  };

  it('counts errors, gain and exact chance, and the same in every slice', async () => {
    const sides = {
      champion: answers((row) => row >= 40),
      candidate: answers((row) => row >= 30 && row !== 199),
    };
    const found = await duel({ set: 'recent', examples }, sides, { seed: 1 });
    assert.equal(found.champion, 0.2);
    assert.equal(found.candidate, 0.155);
    assert.equal(found.gain, 0.225);
    // Ten rows only the candidate got right, one only the champion: 2 · (1 + 11) / 2^11.
    assert.ok(Math.abs(found.p - 24 / 2_048) < 1e-6, String(found.p));
    const [low, high] = found.gainInterval!;
    assert.ok(low > 0 && low < 0.225 && high > 0.225 && high < 0.6, `${low} ${high}`);
    const german = found.slices.find(({ value }) => value === 'de')!;
    assert.deepEqual([german.samples, german.champion, german.candidate, german.p], [50, 0, 0.02, 1]);
    assert.deepEqual(
      found.slices.filter(({ column }) => column === 'label').map(({ value, samples }) => [value, samples]),
      [
        ['no', 100],
        ['yes', 100],
      ],
    );
  });

  it('measures scores by their distance', async () => {
    const scored = Array.from({ length: 60 }, (_, at) => ({ text: `t${at}`, labels: [], values: [50] }));
    const said = (distance: (row: number) => number) => ({
      values: readValues(
        { labels: ['score'] },
        scored,
        Float32Array.from(scored, (_, row) => 50 + distance(row)),
      ),
    });
    const sides = { champion: said((row) => 20 + (row % 3)), candidate: said((row) => -10 - (row % 2)) };
    const found = await duel({ set: 'recent', examples: scored }, sides, { seed: 1 });
    assert.equal(found.champion, 0.21);
    assert.equal(found.candidate, 0.105);
    assert.equal(found.gain, 0.5);
    assert.ok(found.p < 1e-6);
    const same = await duel(
      { set: 'recent', examples: scored },
      { champion: sides.champion, candidate: sides.champion },
      { seed: 1 },
    );
    assert.deepEqual([same.gain, same.p], [0, 1]);
  });
});
