// A quick linear model over hashed words and characters: good enough to doubt a label, not to be released.
import { hashOf } from '../../processors/features/hashing.ts';
import { createRandom, shuffle } from '../random.ts';

const buckets = 1 << 16;
const featuresMax = 400;

/** What the model answers with: probabilities of one label of several, of each label alone, or a value. */
export type Answering = 'softmax' | 'sigmoid' | 'identity';

export interface LinearRow {
  readonly features: Int32Array;
  /** 1 where a label holds; for `identity` the value to predict. */
  readonly targets: Float32Array;
}

/** Buckets of the words, word pairs and character 3–5-grams of a text, each once. */
export function featuresOf(text: string): Int32Array {
  const found = new Set<number>();
  const words = text.match(/[\p{L}\p{M}\p{N}]+|[!?]/gu) ?? [];
  const add = (hash: number) => {
    if (found.size < featuresMax) found.add((hash >>> 0) % buckets);
  };
  for (const [at, word] of words.entries()) {
    add(hashOf(word));
    if (at > 0) add(Math.imul(hashOf(words[at - 1]!), 31) ^ hashOf(word));
  }
  for (const word of words) {
    const framed = `<${word}>`;
    for (let length = 3; length <= 5; length++)
      for (let from = 0; from + length <= framed.length; from++)
        add(Math.imul(hashOf(framed, from, from + length), 0x9e3779b1));
  }
  return Int32Array.from(found);
}

/** A fitted model: the answer to a row’s features, one number for each target. */
export type Fitted = (features: Int32Array) => Float32Array;

const epochs = 5;
const learningRate = 2;

/** Stochastic gradient descent with a rate that falls to zero; the same rows and seed give the same model. */
export function fitLinear(
  rows: readonly LinearRow[],
  targets: number,
  answering: Answering,
  seed: number,
): Fitted {
  const weights = new Float32Array(buckets * targets);
  const biases = new Float32Array(targets);
  const answer = (features: Int32Array): Float32Array =>
    activated(features, weights, biases, targets, answering);
  const order = Int32Array.from(rows.keys());
  const random = createRandom(seed);
  const stepsAll = epochs * rows.length;
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    for (const at of order) {
      const { features, targets: wanted } = rows[at]!;
      const rate = learningRate * (1 - step / stepsAll) * (answering === 'identity' ? 0.2 : 1);
      const found = answer(features);
      const scale = rate / Math.sqrt(features.length + 1);
      for (let target = 0; target < targets; target++) {
        const error = found[target]! - wanted[target]!;
        biases[target]! -= scale * error;
        for (const feature of features) weights[feature * targets + target]! -= scale * error;
      }
      step += 1;
    }
  }
  return answer;
}

function activated(
  features: Int32Array,
  weights: Float32Array,
  biases: Float32Array,
  targets: number,
  answering: Answering,
): Float32Array {
  const sums = Float32Array.from(biases);
  const scale = 1 / Math.sqrt(features.length + 1);
  for (const feature of features)
    for (let target = 0; target < targets; target++)
      sums[target]! += scale * weights[feature * targets + target]!;
  if (answering === 'identity') return sums;
  if (answering === 'sigmoid') return sums.map((sum) => 1 / (1 + Math.exp(-sum)));
  const largest = Math.max(...sums);
  const powers = sums.map((sum) => Math.exp(sum - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
