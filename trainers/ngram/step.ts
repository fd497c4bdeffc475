// One step of stochastic gradient descent on one row. Embeddings take AdaGrad steps with one accumulator a row (Duchi et
// al. 2011), which gives rare n-grams their due without an idf.
//
// The loops run over blocks of eight dimensions with the sums in registers: each number is added up in the same order
// as a plain loop would, so the result is the same to the bit, in half the time.
import { activate } from '../evaluation/activation.ts';
import type { Corpus } from './corpus.ts';
import type { Loss } from './loss.ts';
import { classify, type Network, poolingScale } from './network.ts';

/** A network in training. */
export interface Step {
  readonly network: Network;
  readonly loss: Loss;
  /** Share of the ids of a text that a step does not see. */
  readonly dropout: number;
  /** Weights that a step touches shrink by this, times the learning rate. */
  readonly weightDecay: number;
  readonly accumulators: Float32Array;
  readonly outputAccumulators: Float32Array;
  readonly biasAccumulators: Float32Array;
  readonly pooled: Float64Array;
  readonly gradient: Float64Array;
  readonly logits: Float64Array;
  /** Kept ids of words and of characters, in the order of the text. */
  readonly words: Int32Array;
  readonly characters: Int32Array;
  readonly factors: Float64Array;
}

/** Sums of squared gradients, which steps are divided by: part of what is learned. */
export type Accumulators = Pick<Step, 'accumulators' | 'outputAccumulators' | 'biasAccumulators'>;

/** Accumulators of an untrained network. */
export function createAccumulators({ table, dimensions, output, bias }: Network): Accumulators {
  return {
    accumulators: new Float32Array(table.length / dimensions),
    outputAccumulators: new Float32Array(output.length),
    biasAccumulators: new Float32Array(bias.length),
  };
}

/** What steps on a corpus need. */
export function createStep(
  network: Network,
  corpus: Corpus,
  options: Pick<Step, 'loss' | 'dropout' | 'weightDecay'> & Accumulators,
): Step {
  let longest = 0;
  for (let row = 0; row < corpus.size; row++) {
    longest = Math.max(longest, corpus.offsets[row + 1]! - corpus.offsets[row]!);
  }
  return {
    network,
    ...options,
    pooled: new Float64Array(2 * network.dimensions),
    gradient: new Float64Array(2 * network.dimensions),
    logits: new Float64Array(network.bias.length),
    words: new Int32Array(longest),
    characters: new Int32Array(longest),
    factors: new Float64Array(longest),
  };
}

/** One step on one row; returns its loss. */
export function learn(step: Step, corpus: Corpus, row: number, rate: number, random: () => number): number {
  const { network, dropout, words, characters, pooled } = step;
  const { dimensions } = network;
  const { wordBuckets } = network.shape.featurizer;
  let wordCount = 0;
  let characterCount = 0;
  for (let at = corpus.offsets[row]!, end = corpus.offsets[row + 1]!; at < end; at++) {
    if (dropout !== 0 && random() < dropout) continue;
    const id = corpus.ids[at]!;
    if (id < wordBuckets) words[wordCount++] = id;
    else characters[characterCount++] = id;
  }
  const wordScale = poolingScale(wordCount);
  const characterScale = poolingScale(characterCount);
  sumRows(network, words, wordCount, wordScale, pooled, 0);
  sumRows(network, characters, characterCount, characterScale, pooled, dimensions);
  classify(network, pooled, step.logits);
  activate(step.logits, network.shape.activation);
  const loss = step.loss(step.logits, corpus, row);
  const weight = corpus.weights[row]!;
  if (weight !== 1) for (let label = 0; label < step.logits.length; label++) step.logits[label]! *= weight;
  descendOutput(step, rate);
  descendBag(step, words, wordCount, wordScale, 0, rate);
  descendBag(step, characters, characterCount, characterScale, dimensions, rate);
  return loss * weight;
}

/** The sum of the embeddings of ids[0..count), times `scale`, into sums[from..from + dimensions). */
function sumRows(
  { table, dimensions }: Network,
  ids: Int32Array,
  count: number,
  scale: number,
  sums: Float64Array,
  from: number,
): void {
  let d = 0;
  for (; d + 8 <= dimensions; d += 8) {
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    let i = 0;
    for (let at = 0; at < count; at++) {
      const row = ids[at]! * dimensions + d;
      a += table[row]!;
      b += table[row + 1]!;
      c += table[row + 2]!;
      e += table[row + 3]!;
      f += table[row + 4]!;
      g += table[row + 5]!;
      h += table[row + 6]!;
      i += table[row + 7]!;
    }
    const to = from + d;
    sums[to] = a * scale;
    sums[to + 1] = b * scale;
    sums[to + 2] = c * scale;
    sums[to + 3] = e * scale;
    sums[to + 4] = f * scale;
    sums[to + 5] = g * scale;
    sums[to + 6] = h * scale;
    sums[to + 7] = i * scale;
  }
  for (; d < dimensions; d++) {
    let sum = 0;
    for (let at = 0; at < count; at++) sum += table[ids[at]! * dimensions + d]!;
    sums[from + d] = sum * scale;
  }
}

/** Fills `gradient` with the gradient of the pooled bags, then moves bias and output layer (fixed where linear). */
function descendOutput(step: Step, rate: number): void {
  const { network, gradient, pooled, logits: error, outputAccumulators, biasAccumulators } = step;
  const { output, bias, dimensions } = network;
  const labels = bias.length;
  const fixed = network.shape.dimensions === 'linear';
  const keep = 1 - rate * step.weightDecay;
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
      if (keep !== 1) output[at]! *= keep;
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

/** Moves the embeddings of a bag. All its ids share one gradient, so its norm is taken once. */
function descendBag(
  step: Step,
  ids: Int32Array,
  count: number,
  scale: number,
  bag: number,
  rate: number,
): void {
  const { network, gradient, accumulators, factors, weightDecay } = step;
  const { dimensions } = network;
  let square = 0;
  for (let d = 0; d < dimensions; d++) square += (gradient[bag + d]! * scale) ** 2;
  square /= dimensions;
  if (weightDecay !== 0) shrinkRows(network, ids, count, 1 - rate * weightDecay);
  for (let at = 0; at < count; at++) {
    const id = ids[at]!;
    accumulators[id]! += square;
    factors[at] = (rate * scale) / Math.sqrt(accumulators[id]! + 1e-6);
  }
  moveRows(network, ids, count, factors, gradient, bag);
}

function shrinkRows({ table, dimensions }: Network, ids: Int32Array, count: number, keep: number): void {
  for (let at = 0; at < count; at++) {
    const row = ids[at]! * dimensions;
    for (let d = 0; d < dimensions; d++) table[row + d]! *= keep;
  }
}

function moveRows(
  { table, dimensions }: Network,
  ids: Int32Array,
  count: number,
  factors: Float64Array,
  gradient: Float64Array,
  bag: number,
): void {
  let d = 0;
  for (; d + 8 <= dimensions; d += 8) {
    const from = bag + d;
    const [a, b, c, e] = [gradient[from]!, gradient[from + 1]!, gradient[from + 2]!, gradient[from + 3]!];
    const [f, g, h, i] = [gradient[from + 4]!, gradient[from + 5]!, gradient[from + 6]!, gradient[from + 7]!];
    for (let at = 0; at < count; at++) {
      const row = ids[at]! * dimensions + d;
      const factor = factors[at]!;
      table[row]! -= factor * a;
      table[row + 1]! -= factor * b;
      table[row + 2]! -= factor * c;
      table[row + 3]! -= factor * e;
      table[row + 4]! -= factor * f;
      table[row + 5]! -= factor * g;
      table[row + 6]! -= factor * h;
      table[row + 7]! -= factor * i;
    }
  }
  for (; d < dimensions; d++) {
    const slope = gradient[bag + d]!;
    for (let at = 0; at < count; at++) table[ids[at]! * dimensions + d]! -= factors[at]! * slope;
  }
}
