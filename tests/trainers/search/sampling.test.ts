// Spaces, grids, random draws, Parzen estimators and pruning: what is tried next follows from seed and history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSpaces } from '../../../trainers/search/default-spaces.ts';
import { isBehind } from '../../../trainers/search/pruning.ts';
import { nextSetting, type Sampling, type Search } from '../../../trainers/search/sampling.ts';
import {
  choice,
  float,
  gridOf,
  gridSize,
  int,
  log,
  placeOf,
  readRange,
  type Setting,
  type Space,
  valueAt,
} from '../../../trainers/search/space.ts';
import type { Trial } from '../../../trainers/search/trial.ts';

/** Runs a search on a function without any training. */
function searched(sampling: Sampling, trials: number, worth: (setting: Setting) => number): readonly Trial[] {
  const done: Trial[] = [];
  while (done.length < trials) {
    const setting = nextSetting(sampling, done);
    if (setting === null) break;
    const score = worth(setting);
    done.push({ trial: done.length, setting, state: 'finished', score, epochs: [], seconds: 0 });
  }
  return done;
}
const keys = (trials: readonly Trial[]) => new Set(trials.map(({ setting }) => JSON.stringify(setting)));

test('the default grid of the forest has 144 settings, each tried once', () => {
  const space = defaultSpaces.forest!;
  assert.equal(gridSize(space), 144);
  const trials = searched({ search: 'grid', space, seed: 1 }, 1_000, () => 0);
  assert.equal(trials.length, 144);
  assert.equal(keys(trials).size, 144);
});

test('ranges are read as they are written, and mistakes are named', () => {
  assert.deepEqual(readRange('epochs=3,6,10'), ['epochs', choice(3, 6, 10)]);
  assert.deepEqual(readRange(' loss = focal , hinge '), ['loss', choice('focal', 'hinge')]);
  assert.deepEqual(readRange('bootstrap=true,false'), ['bootstrap', choice(true, false)]);
  assert.deepEqual(readRange('trees=10..200'), ['trees', int(10, 200)]);
  assert.deepEqual(readRange('dropout=0..0.5'), ['dropout', float(0, 0.5)]);
  assert.deepEqual(readRange('rate=log:1e-3..1e-1'), ['rate', log(0.001, 0.1)]);
  for (const wrong of ['', 'rate', '=3', 'rate=', 'rate=5..1', 'rate=log:0..1', 'rate=1..x', 'rate=1,,2'])
    assert.throws(() => readRange(wrong), /no range of an option/, wrong);
});

test('values and places of a range belong together', () => {
  for (const range of [float(2, 6), log(0.001, 10), int(1, 9)] as const) {
    for (const place of [0, 0.25, 0.5, 1]) {
      const value = Number(valueAt(range, place));
      assert.ok(Math.abs(placeOf(range as never, value) - place) < 1e-4, `${JSON.stringify(range)} ${place}`);
    }
  }
  assert.deepEqual(gridOf(log(0.01, 100)), [0.01, 0.1, 1, 10, 100]);
  assert.deepEqual(gridOf(int(1, 3)), [1, 2, 3]);
});

test('a finite space is used up and no setting is tried twice', () => {
  for (const search of ['grid', 'random', 'tpe'] as const) {
    const space: Space = { a: choice(1, 2, 3), b: choice('x', 'y'), c: int(1, 4) };
    const trials = searched({ search, space, seed: 3 }, 100, ({ a }) => Number(a));
    assert.equal(keys(trials).size, trials.length, search);
    assert.equal(trials.length, 24, search);
  }
});

test('the same seed and history propose the same, another seed something else', () => {
  const space: Space = { x: float(0, 1), y: choice('a', 'b', 'c') };
  for (const search of ['random', 'tpe'] as const) {
    const worth = ({ x }: Setting) => -Math.abs(Number(x) - 0.3);
    const run = (seed: number) => searched({ search, space, seed }, 25, worth);
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1), run(2));
    // Broken off in the middle, it goes on as it would have.
    const first = run(1).slice(0, 17);
    assert.deepEqual(nextSetting({ search, space, seed: 1 }, first), run(1)[17]!.setting);
  }
});

test('Parzen estimators find a narrow optimum that random draws miss', () => {
  const space: Space = { x: float(-5, 5), y: log(0.001, 1_000), z: choice('a', 'b', 'c', 'd') };
  const worth = ({ x, y, z }: Setting) =>
    -((Number(x) - 2) ** 2) - (Math.log10(Number(y)) + 1) ** 2 - (z === 'c' ? 0 : 2);
  const best = (search: Search, seed: number) =>
    Math.max(...searched({ search, space, seed }, 80, worth).map(({ score }) => score!));
  const seeds = [1, 2, 3, 4, 5, 6];
  const mean = (search: Search) => seeds.reduce((sum, seed) => sum + best(search, seed), 0) / seeds.length;
  const [informed, random] = [mean('tpe'), mean('random')];
  assert.ok(informed > random / 3, `${informed} against ${random}`);
  assert.ok(informed > -0.15, String(informed));
});

test('a trial behind the median of five finished ones is pruned, not before its second epoch', () => {
  const trial = (epochs: readonly number[], state: Trial['state'] = 'finished'): Trial => ({
    trial: 0,
    setting: {},
    state,
    epochs,
    seconds: 1,
  });
  const finished = [0.5, 0.6, 0.7, 0.8, 0.9].map((score) => trial([score - 0.1, score]));
  assert.equal(isBehind([0.1], finished), false);
  assert.equal(isBehind([0.1, 0.69], finished), true);
  assert.equal(isBehind([0.71, 0.1], finished), false, 'its best counts');
  assert.equal(isBehind([0.1, 0.1], finished.slice(1)), false, 'four are too few');
  const pruned = [...finished.slice(1), trial([0, 0], 'pruned')];
  assert.equal(isBehind([0.1, 0.1], pruned), false, 'pruned trials are no measure');
  assert.equal(isBehind([0.1, 0.2, 0.3], finished), false, 'nobody else came that far');
});
