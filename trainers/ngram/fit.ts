// Fits an n-gram network to a corpus by stochastic gradient descent, single-threaded and seeded: same corpus and seed,
// same bytes. Embeddings take AdaGrad steps with one accumulator a row (Duchi et al. 2011), which gives rare n-grams
// their due without an idf; the learning rate falls linearly to zero.
import { activate } from '../evaluation/activation.ts';
import { createRandom, shuffle } from '../random.ts';
import type { Corpus } from './corpus.ts';
import { classify, createNetwork, type Network, type NetworkShape, pool } from './network.ts';

export interface FitOptions {
  readonly seed: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Share of the ids of a text that a step does not see: no single n-gram is relied on. */
  readonly dropout: number;
  readonly signal?: AbortSignal | undefined;
  /** Called about a hundred times with the share done and the mean loss since the last call. */
  readonly onProgress?: ((done: number, loss: number) => void) | undefined;
}

interface Step {
  readonly network: Network;
  readonly accumulators: Float32Array;
  readonly outputAccumulators: Float32Array;
  readonly biasAccumulators: Float32Array;
  readonly pooled: Float64Array;
  readonly gradient: Float64Array;
  readonly logits: Float64Array;
  readonly kept: Int32Array;
}

/** Trains a network. Yields to the event loop between slices, and throws the signal's reason when aborted. */
export async function fit(shape: NetworkShape, corpus: Corpus, options: FitOptions): Promise<Network> {
  const random = createRandom(options.seed);
  const network = createNetwork(shape, random);
  const step = createStep(network, corpus);
  const order = Int32Array.from({ length: corpus.size }, (_, row) => row);
  const total = options.epochs * corpus.size;
  const slice = Math.max(1, Math.min(5_000, Math.ceil(total / 100)));
  let done = 0;
  let loss = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    for (const row of order) {
      const rate = options.learningRate * (1 - done / total);
      loss += learn(step, corpus, row, rate, options.dropout, random);
      if (++done % slice === 0) {
        options.onProgress?.(done / total, loss / slice);
        loss = 0;
        await new Promise(setImmediate);
        options.signal?.throwIfAborted();
      }
    }
  }
  return network;
}

function createStep(network: Network, corpus: Corpus): Step {
  let longest = 0;
  for (let row = 0; row < corpus.size; row++) {
    longest = Math.max(longest, corpus.offsets[row + 1]! - corpus.offsets[row]!);
  }
  const labels = network.bias.length;
  return {
    network,
    accumulators: new Float32Array(network.table.length / network.dimensions),
    outputAccumulators: new Float32Array(network.output.length),
    biasAccumulators: new Float32Array(labels),
    pooled: new Float64Array(2 * network.dimensions),
    gradient: new Float64Array(2 * network.dimensions),
    logits: new Float64Array(labels),
    kept: new Int32Array(longest),
  };
}

/** One step on one row; returns its loss. */
function learn(
  step: Step,
  corpus: Corpus,
  row: number,
  rate: number,
  dropout: number,
  random: () => number,
): number {
  const { network, kept } = step;
  let count = 0;
  for (let at = corpus.offsets[row]!; at < corpus.offsets[row + 1]!; at++) {
    if (dropout === 0 || random() >= dropout) kept[count++] = corpus.ids[at]!;
  }
  const scales = pool(network, kept, 0, count, step.pooled);
  classify(network, step.pooled, step.logits);
  activate(step.logits, network.shape.activation);
  const loss = lossAndError(step.logits, corpus, row, network.shape.activation);
  const weight = corpus.weights[row]!;
  if (weight !== 1) for (let label = 0; label < step.logits.length; label++) step.logits[label]! *= weight;
  descendOutput(step, rate);
  descendTable(step, count, scales, rate);
  return loss * weight;
}

/** Replaces probabilities by their error (p - y), and returns the cross entropy. */
function lossAndError(
  probabilities: Float64Array,
  corpus: Corpus,
  row: number,
  activation: 'softmax' | 'sigmoid',
): number {
  const from = corpus.labelOffsets[row]!;
  const to = corpus.labelOffsets[row + 1]!;
  const share = activation === 'softmax' ? 1 / (to - from) : 1;
  let loss = 0;
  if (activation === 'sigmoid') {
    for (const probability of probabilities) loss -= Math.log(Math.max(1 - probability, 1e-12));
  }
  for (let at = from; at < to; at++) {
    const label = corpus.labels[at]!;
    const probability = probabilities[label]!;
    loss -= share * Math.log(Math.max(probability, 1e-12));
    if (activation === 'sigmoid') loss += Math.log(Math.max(1 - probability, 1e-12));
    probabilities[label] = probability - share;
  }
  return loss;
}

/** Fills `gradient` with the gradient of the pooled bags, then moves bias and output layer (fixed where linear). */
function descendOutput(step: Step, rate: number): void {
  const { network, gradient, pooled, logits: error, outputAccumulators, biasAccumulators } = step;
  const { output, bias, dimensions } = network;
  const labels = bias.length;
  const fixed = network.shape.dimensions === 'linear';
  for (let d = 0; d < 2 * dimensions; d++) {
    const value = pooled[d]!;
    let sum = 0;
    if (fixed) {
      gradient[d] = error[d % dimensions]!;
      continue;
    }
    for (let label = 0; label < labels; label++) {
      const at = d * labels + label;
      const slope = error[label]! * value;
      sum += error[label]! * output[at]!;
      outputAccumulators[at]! += slope * slope;
      output[at]! -= (rate * slope) / Math.sqrt(outputAccumulators[at]! + 1e-8);
    }
    gradient[d] = sum;
  }
  for (let label = 0; label < labels; label++) {
    const slope = error[label]!;
    biasAccumulators[label]! += slope * slope;
    bias[label]! -= (rate * slope) / Math.sqrt(biasAccumulators[label]! + 1);
  }
}

/** Moves the embeddings of the kept ids. All ids of a bag share one gradient, so its norm is taken once. */
function descendTable(step: Step, count: number, scales: readonly [number, number], rate: number): void {
  const { network, gradient, kept, accumulators } = step;
  const { table, dimensions } = network;
  const { wordBuckets } = network.shape.featurizer;
  let wordSquare = 0;
  let characterSquare = 0;
  for (let d = 0; d < dimensions; d++) {
    wordSquare += (gradient[d]! * scales[0]) ** 2;
    characterSquare += (gradient[dimensions + d]! * scales[1]) ** 2;
  }
  wordSquare /= dimensions;
  characterSquare /= dimensions;
  for (let at = 0; at < count; at++) {
    const id = kept[at]!;
    const isWord = id < wordBuckets;
    accumulators[id]! += isWord ? wordSquare : characterSquare;
    const factor = (rate * (isWord ? scales[0] : scales[1])) / Math.sqrt(accumulators[id]! + 1e-6);
    const bag = isWord ? 0 : dimensions;
    const row = id * dimensions;
    for (let d = 0; d < dimensions; d++) table[row + d]! -= factor * gradient[bag + d]!;
  }
}
