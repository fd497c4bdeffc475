// The n-gram network: two bags of embeddings (words, characters), pooled, through one linear layer to the labels.
// This is the reference for what the ONNX file computes (FastText's classifier: Joulin et al. 2016, arXiv:1607.01759,
// with a bag for each kind of n-gram so that the few words are not drowned by the many characters).
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';
import type { Corpus } from './corpus.ts';

export interface NetworkShape {
  readonly featurizer: FeaturizerOptions;
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid';
  /**
   * Dimensions of an embedding. `linear` gives each label its own dimension and no layer above: a linear classifier,
   * small and fast where there are few labels.
   */
  readonly dimensions: number | 'linear';
}

/** Weights in float32. `output` is (2 x dimensions) by labels, row-major; the first half of its rows is for words. */
export interface Network {
  readonly shape: NetworkShape;
  readonly dimensions: number;
  /** Embeddings, one row of `dimensions` for each bucket; words first. */
  readonly table: Float32Array;
  readonly output: Float32Array;
  readonly bias: Float32Array;
}

/** An untrained network: embeddings drawn from `random` (zero where linear), output zero (the identity where linear). */
export function createNetwork(shape: NetworkShape, random: () => number): Network {
  const labels = shape.labels.length;
  const linear = shape.dimensions === 'linear';
  const dimensions = shape.dimensions === 'linear' ? labels : shape.dimensions;
  const { wordBuckets, characterBuckets } = shape.featurizer;
  const table = new Float32Array((wordBuckets + characterBuckets) * dimensions);
  const output = new Float32Array(2 * dimensions * labels);
  if (linear) {
    for (let at = 0; at < labels; at++) {
      output[at * labels + at] = 1;
      output[(dimensions + at) * labels + at] = 1;
    }
  } else {
    for (let at = 0; at < table.length; at++) table[at] = (2 * random() - 1) / dimensions;
  }
  return { shape, dimensions, table, output, bias: new Float32Array(labels) };
}

/** A bag of n embeddings is their sum over the square root of n: longer texts speak up, but not in proportion. */
export const poolingScale = (count: number): number => (count > 0 ? 1 / Math.sqrt(count) : 0);

/** Sums the embeddings of ids[start..end) into `pooled` (words, then characters) and scales both bags; returns the scales. */
function pool(
  network: Network,
  ids: Int32Array,
  start: number,
  end: number,
  pooled: Float64Array,
): readonly [words: number, characters: number] {
  const { table, dimensions } = network;
  const { wordBuckets } = network.shape.featurizer;
  pooled.fill(0);
  let wordCount = 0;
  for (let at = start; at < end; at++) {
    const id = ids[at]!;
    const bag = id < wordBuckets ? 0 : dimensions;
    if (bag === 0) wordCount++;
    const row = id * dimensions;
    for (let d = 0; d < dimensions; d++) pooled[bag + d]! += table[row + d]!;
  }
  const words = poolingScale(wordCount);
  const characters = poolingScale(end - start - wordCount);
  for (let d = 0; d < dimensions; d++) {
    pooled[d]! *= words;
    pooled[dimensions + d]! *= characters;
  }
  return [words, characters];
}

/** Logits of pooled bags. */
export function classify(network: Network, pooled: Float64Array, logits: Float64Array): void {
  const { output, bias, dimensions } = network;
  const labels = bias.length;
  for (let label = 0; label < labels; label++) logits[label] = bias[label]!;
  for (let d = 0; d < 2 * dimensions; d++) {
    const value = pooled[d]!;
    for (let label = 0; label < labels; label++) logits[label]! += value * output[d * labels + label]!;
  }
}

/** Logits of every row of a corpus, row-major. */
export function logitsOf(network: Network, corpus: Corpus): Float64Array {
  const labels = network.bias.length;
  const all = new Float64Array(corpus.size * labels);
  const pooled = new Float64Array(2 * network.dimensions);
  for (let row = 0; row < corpus.size; row++) {
    pool(network, corpus.ids, corpus.offsets[row]!, corpus.offsets[row + 1]!, pooled);
    classify(network, pooled, all.subarray(row * labels, (row + 1) * labels));
  }
  return all;
}
