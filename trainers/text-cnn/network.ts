// The text CNN (Kim 2014, arXiv:1408.5882): word embeddings, filters over runs of words, the strongest answer of each
// filter, one linear layer. Gradients are written out here: TensorFlow.js’s wasm backend lacks those of embeddings and
// convolutions, and unfolding plus matrix products is all that any backend needs to have.
import type { Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import type { Backend, TensorFlow } from './backend.ts';

export interface CnnShape {
  /** Rows of the embedding table; row 0 is padding. */
  readonly words: number;
  readonly wordsMax: number;
  readonly dimensions: number;
  /** Lengths of the filters, in words. */
  readonly widths: readonly number[];
  /** Filters of each length. */
  readonly filters: number;
  readonly labels: number;
}

/** Weights as plain numbers, by name. `filter<k>` is (k x dimensions) by filters, `output` (all filters) by labels. */
export type CnnWeights = ReadonlyMap<string, Float32Array>;

type NamedShape = readonly [name: string, dims: number[]];

/** Names and shapes of the weights. */
function weightShapes({ words, dimensions, widths, filters, labels }: CnnShape): readonly NamedShape[] {
  return [
    ['table', [words, dimensions]],
    ...widths.flatMap((width): NamedShape[] => [
      [`filter${width}`, [width * dimensions, filters]],
      [`bias${width}`, [filters]],
    ]),
    ['output', [widths.length * filters, labels]],
    ['bias', [labels]],
  ];
}

/** Random weights: embeddings small, filters and output after Glorot and Bengio (2010), biases zero. */
export function createWeights(shape: CnnShape, random: () => number): CnnWeights {
  return new Map(
    weightShapes(shape).map(([name, dims]) => {
      const size = dims.reduce((product, dim) => product * dim, 1);
      const weights = new Float32Array(size);
      const range = name === 'table' ? 0.25 : Math.sqrt(6 / (dims[0]! + (dims[1] ?? 0)));
      if (dims.length === 2) for (let at = 0; at < size; at++) weights[at] = (2 * random() - 1) * range;
      if (name === 'table') weights.fill(0, 0, shape.dimensions);
      return [name, weights];
    }),
  );
}

interface Pass {
  readonly logits: Tensor2D;
  readonly pooled: Tensor2D;
  /** For each width: the unfolded words and the filters’ answers. */
  readonly parts: readonly {
    readonly unfolded: Tensor2D;
    readonly answers: Tensor3D;
    readonly strongest: Tensor2D;
  }[];
}

export class CnnNetwork {
  readonly shape: CnnShape;
  readonly #tf: TensorFlow;
  readonly #isWasm: boolean;
  readonly #variables: ReadonlyMap<string, Variable>;

  constructor(shape: CnnShape, weights: CnnWeights, { tf, name }: Backend) {
    this.shape = shape;
    this.#tf = tf;
    this.#isWasm = name === 'wasm';
    this.#variables = new Map(
      weightShapes(shape).map(([key, dims]) => [key, tf.variable(tf.tensor(weights.get(key)!, dims), true)]),
    );
  }

  /** The weights as they stand. */
  async weights(): Promise<CnnWeights> {
    const all = new Map<string, Float32Array>();
    for (const [name, variable] of this.#variables) {
      all.set(name, Float32Array.from((await variable.data()) as Float32Array));
    }
    return all;
  }

  /** Sets the weights. */
  assign(weights: CnnWeights): void {
    for (const [name, dims] of weightShapes(this.shape)) {
      const tensor = this.#tf.tensor(weights.get(name)!, dims);
      this.#variables.get(name)!.assign(tensor);
      tensor.dispose();
    }
  }

  /** Logits of texts, row-major. */
  async logits(ids: Int32Array): Promise<Float32Array> {
    const result = this.#tf.tidy(() => this.#forward(ids).logits);
    const logits = (await result.data()) as Float32Array;
    result.dispose();
    return logits;
  }

  /**
   * Mean loss of a batch and its gradients by name. `truth` is texts by labels; `kept` scales each pooled answer, 0 for
   * those that are dropped. The caller disposes of the gradients.
   */
  gradients(
    ids: Int32Array,
    truth: Float32Array,
    kept: Float32Array,
    activation: 'softmax' | 'sigmoid',
  ): { loss: number; gradients: Record<string, Tensor> } {
    const tf = this.#tf;
    const { labels, widths, filters } = this.shape;
    const texts = truth.length / labels;
    let loss = 0;
    const gradients = tf.tidy(() => {
      const mask = tf.tensor2d(kept, [texts, widths.length * filters]);
      const target = tf.tensor2d(truth, [texts, labels]);
      const pass = this.#forward(ids, mask);
      const probabilities = (
        activation === 'softmax' ? tf.softmax(pass.logits) : tf.sigmoid(pass.logits)
      ) as Tensor2D;
      loss = lossOf(pass.logits.dataSync() as Float32Array, truth, labels, activation) / texts;
      const error = tf.div(tf.sub(probabilities, target), texts) as Tensor2D;
      return this.#backward(ids, pass, mask, error);
    });
    return { loss, gradients };
  }

  /** The variable of a name, for the optimiser. */
  get variables(): ReadonlyMap<string, Variable> {
    return this.#variables;
  }

  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
  }

  #get(name: string): Tensor2D {
    return this.#variables.get(name)! as unknown as Tensor2D;
  }

  #forward(ids: Int32Array, mask?: Tensor2D): Pass {
    const tf = this.#tf;
    const { wordsMax, dimensions, widths, filters } = this.shape;
    const texts = ids.length / wordsMax;
    const flat = tf.gather(this.#get('table'), tf.tensor1d(ids, 'int32'));
    const embedded = tf.reshape(flat, [texts, wordsMax, dimensions]) as Tensor3D;
    const parts = widths.map((width) => {
      const windows = wordsMax - width + 1;
      const shifted = Array.from({ length: width }, (_, at) =>
        tf.slice(embedded, [0, at, 0], [texts, windows, dimensions]),
      );
      const unfolded = tf.reshape(tf.concat(shifted, 2), [texts * windows, width * dimensions]) as Tensor2D;
      const sums = tf.add(tf.matMul(unfolded, this.#get(`filter${width}`)), this.#get(`bias${width}`));
      const answers = tf.reshape(tf.relu(sums), [texts, windows, filters]) as Tensor3D;
      return { unfolded, answers, strongest: tf.max(answers, 1) as Tensor2D };
    });
    const strongest = tf.concat(
      parts.map((part) => part.strongest),
      1,
    ) as Tensor2D;
    const pooled = mask === undefined ? strongest : (tf.mul(strongest, mask) as Tensor2D);
    const logits = tf.add(tf.matMul(pooled, this.#get('output')), this.#get('bias')) as Tensor2D;
    return { logits, pooled, parts };
  }

  #backward(
    ids: Int32Array,
    { pooled, parts }: Pass,
    mask: Tensor2D,
    error: Tensor2D,
  ): Record<string, Tensor> {
    const tf = this.#tf;
    const { wordsMax, dimensions, widths, filters } = this.shape;
    const texts = ids.length / wordsMax;
    const back = tf.mul(timesTransposed(tf, error, this.#get('output')), mask);
    const gradients: Record<string, Tensor> = {
      output: transposedTimes(tf, pooled, error),
      bias: tf.sum(error, 0),
    };
    let embedded: Tensor = tf.zeros([texts, wordsMax, dimensions]);
    widths.forEach((width, index) => {
      const { unfolded, answers, strongest } = parts[index]!;
      const windows = wordsMax - width + 1;
      const share = tf.slice(back, [0, index * filters], [texts, filters]);
      const slope = tf.mul(strongestOf(tf, answers, strongest), tf.reshape(share, [texts, 1, filters]));
      const flat = tf.reshape(slope, [texts * windows, filters]) as Tensor2D;
      gradients[`filter${width}`] = transposedTimes(tf, unfolded, flat);
      gradients[`bias${width}`] = tf.sum(flat, 0);
      const spread = tf.reshape(timesTransposed(tf, flat, this.#get(`filter${width}`)), [
        texts,
        windows,
        width * dimensions,
      ]);
      for (let at = 0; at < width; at++) {
        const part = tf.slice(spread, [0, 0, at * dimensions], [texts, windows, dimensions]);
        embedded = tf.add(
          embedded,
          tf.pad(part, [
            [0, 0],
            [at, width - 1 - at],
            [0, 0],
          ]),
        );
      }
    });
    gradients.table = this.#scatter(ids, tf.reshape(embedded, [ids.length, dimensions]) as Tensor2D);
    return gradients;
  }

  /** Adds each word’s gradient to its row; padding learns nothing. On wasm, which lacks the kernel, in plain code. */
  #scatter(ids: Int32Array, embedded: Tensor2D): Tensor {
    const { words, dimensions } = this.shape;
    const tf = this.#tf;
    if (!this.#isWasm) {
      const known = tf.expandDims(tf.tensor1d(Float32Array.from(ids, (id) => (id === 0 ? 0 : 1))), 1);
      return tf.unsortedSegmentSum(tf.mul(embedded, known), tf.tensor1d(ids, 'int32'), words);
    }
    const rows = embedded.dataSync() as Float32Array;
    const sums = new Float32Array(words * dimensions);
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!;
      if (id === 0) continue;
      for (let d = 0; d < dimensions; d++) sums[id * dimensions + d]! += rows[at * dimensions + d]!;
    }
    return tf.tensor2d(sums, [words, dimensions]);
  }
}

// On wasm a product that transposes as it goes takes a plain loop: transposing first made steps three times as fast.
const timesTransposed = (tf: TensorFlow, first: Tensor2D, second: Tensor2D): Tensor2D =>
  tf.matMul(first, tf.transpose(second));
const transposedTimes = (tf: TensorFlow, first: Tensor2D, second: Tensor2D): Tensor2D =>
  tf.matMul(tf.transpose(first) as Tensor2D, second);

/** 1 where a filter answers strongest and at all, shared among equals: windows of padding are all equal. */
function strongestOf(tf: TensorFlow, answers: Tensor3D, strongest: Tensor2D): Tensor {
  const top = tf.expandDims(strongest, 1);
  const isTop = tf.mul(tf.cast(tf.equal(answers, top), 'float32'), tf.cast(tf.greater(top, 0), 'float32'));
  return tf.div(isTop, tf.maximum(tf.sum(isTop, 1, true), 1));
}

/** Sum of the cross entropies of rows of logits. */
function lossOf(
  logits: Float32Array,
  truth: Float32Array,
  labels: number,
  activation: 'softmax' | 'sigmoid',
): number {
  let total = 0;
  for (let start = 0; start < logits.length; start += labels) {
    const row = logits.subarray(start, start + labels);
    let logSum = 0;
    if (activation === 'softmax') {
      const largest = row.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
      logSum = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    }
    for (let label = 0; label < labels; label++) {
      const logit = row[label]!;
      total -= truth[start + label]! * (logit - logSum);
      if (activation === 'sigmoid') total += Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)));
    }
  }
  return total;
}
