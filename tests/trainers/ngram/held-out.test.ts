// The score on dev while training: known answers, and weights that are kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Corpus } from '../../../trainers/ngram/corpus.ts';
import { devScore, EarlyStopping } from '../../../trainers/ngram/held-out.ts';
import { createNetwork, type Network } from '../../../trainers/ngram/network.ts';

const featurizer = {
  words: 1,
  charactersMin: 2,
  charactersMax: 2,
  leadingWords: 0,
  wordBuckets: 4,
  characterBuckets: 2,
  idsMax: 64,
};

/** A network that answers label i to a text of the word i, and rows of one word each with the labels given. */
function setting(
  activation: 'softmax' | 'sigmoid',
  rows: readonly (readonly [word: number, label: number])[],
) {
  const network = createNetwork(
    { featurizer, labels: ['a', 'b', 'c'], activation, dimensions: 'linear' },
    () => 0.5,
  );
  for (let label = 0; label < 3; label++) {
    for (let other = 0; other < 3; other++) network.table[label * 3 + other] = label === other ? 9 : -9;
  }
  const dev: Corpus = {
    size: rows.length,
    ids: Int32Array.from(rows, ([word]) => word),
    offsets: Int32Array.from({ length: rows.length + 1 }, (_, at) => at),
    labels: Int32Array.from(rows, ([, label]) => label),
    labelOffsets: Int32Array.from({ length: rows.length + 1 }, (_, at) => at),
    weights: new Float32Array(rows.length).fill(1),
  };
  return { network, dev };
}

test('macro-F1 by hand: labels that are neither held nor called do not count', () => {
  // a: 1 of 1 called, 2 held: 2/3. b: called 2, held 1, right 1: 2/3. c: nothing.
  const { network, dev } = setting('softmax', [
    [0, 0],
    [1, 0],
    [1, 1],
  ]);
  assert.ok(Math.abs(devScore(network, dev, false) - 2 / 3) < 1e-12);
});

test('several labels are called at their best thresholds', () => {
  const { network, dev } = setting('sigmoid', [
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
  assert.equal(devScore(network, dev, false), 1);
});

test('ordered labels: one minus the mean distance', () => {
  const { network, dev } = setting('softmax', [
    [0, 0],
    [0, 2],
    [2, 1],
  ]);
  // Distances 0, 2 and 1 of 2 at most.
  assert.ok(Math.abs(devScore(network, dev, true) - 0.5) < 1e-6);
});

test('the best weights are kept, patience is counted from them, and without patience the last stay', () => {
  const { network, dev } = setting('softmax', [
    [0, 0],
    [1, 1],
  ]);
  const spoilt: Network = { ...network, table: network.table.map((weight) => -weight) };
  const told: number[] = [];
  const stopping = new EarlyStopping(dev, {
    patience: 2,
    isOrdinal: false,
    onEpoch: (_, score) => {
      told.push(score);
      return 'go-on';
    },
  });
  assert.equal(stopping.afterEpoch(1, network), 'go-on');
  assert.equal(stopping.afterEpoch(2, spoilt), 'go-on');
  assert.equal(stopping.afterEpoch(3, spoilt), 'stop');
  assert.deepEqual(stopping.best(spoilt).table, network.table);
  assert.equal(told[0], 1);
  assert.ok(told[1]! < 1);
  const silent = new EarlyStopping(dev, { patience: 0, isOrdinal: false });
  assert.equal(silent.afterEpoch(1, network), 'go-on');
  assert.equal(silent.best(spoilt), spoilt);
});
