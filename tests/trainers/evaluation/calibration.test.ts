// Temperature and thresholds on data whose answer is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activate } from '../../../trainers/evaluation/activation.ts';
import { fitTemperature, fitThresholds, type HeldOut } from '../../../trainers/evaluation/calibration.ts';
import type { Corpus } from '../../../trainers/ngram/corpus.ts';
import { createNetwork, logitsOf, type Network } from '../../../trainers/ngram/network.ts';
import { createRandom } from '../../../trainers/random.ts';

const featurizer = {
  words: 1,
  charactersMin: 2,
  charactersMax: 2,
  leadingWords: 0,
  wordBuckets: 1_024,
  characterBuckets: 2,
  idsMax: 64,
};

/** A network in which word i has its own random logits, and a corpus of one-word texts, four of each. */
function makeWorld(): { network: Network; ids: Int32Array; offsets: Int32Array; random: () => number } {
  const random = createRandom(11);
  const network = createNetwork(
    { featurizer, labels: ['a', 'b', 'c'], activation: 'softmax', dimensions: 'linear' },
    random,
  );
  for (let at = 0; at < 1_024 * 3; at++) network.table[at] = 4 * (random() - 0.5);
  const ids = Int32Array.from({ length: 8_192 }, (_, row) => row % 1_024);
  return { network, ids, offsets: Int32Array.from({ length: 8_193 }, (_, row) => row), random };
}

const heldOut = (network: Network, corpus: Corpus): HeldOut => ({
  logits: logitsOf(network, corpus),
  labels: 3,
  activation: 'softmax',
  truth: corpus,
});

test('a network whose logits are three times too large gets the temperature three', () => {
  const { network, ids, offsets, random } = makeWorld();
  const labels = Int32Array.from(ids, (id) => {
    const probabilities = Float64Array.from(network.table.subarray(3 * id, 3 * id + 3));
    activate(probabilities, 'softmax');
    const drawn = random();
    return drawn < probabilities[0]! ? 0 : drawn < probabilities[0]! + probabilities[1]! ? 1 : 2;
  });
  const corpus: Corpus = {
    size: ids.length,
    ids,
    offsets,
    labels,
    labelOffsets: offsets,
    weights: new Float32Array(0),
  };
  for (let at = 0; at < network.table.length; at++) network.table[at]! *= 3;
  const temperature = fitTemperature(heldOut(network, corpus));
  assert.ok(temperature > 2.7 && temperature < 3.3, `temperature ${temperature}`);
});

test('a label that holds from a probability of 0.3 on gets about that threshold', () => {
  const { network, ids, offsets } = makeWorld();
  const labels: number[] = [];
  const labelOffsets = new Int32Array(ids.length + 1);
  ids.forEach((id, row) => {
    const probabilities = Float64Array.from(network.table.subarray(3 * id, 3 * id + 3));
    activate(probabilities, 'softmax');
    if (probabilities[1]! >= 0.3) labels.push(1);
    labelOffsets[row + 1] = labels.length;
  });
  const corpus: Corpus = {
    size: ids.length,
    ids,
    offsets,
    labels: Int32Array.from(labels),
    labelOffsets,
    weights: new Float32Array(0),
  };
  assert.equal(fitThresholds(heldOut(network, corpus))[1], 0.3);
});
