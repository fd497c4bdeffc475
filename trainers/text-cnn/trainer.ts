// The CNN trainer: words in their order through a small convolutional network, on whatever TensorFlow.js finds.
import { z } from 'zod';
import { plainWords, WordNumbers } from '../../processors/inference/word-ids.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { fitTemperature, fitThresholds, type Truth } from '../evaluation/calibration.ts';
import { createRandom, shuffle } from '../random.ts';
import type { Example, Trainer, TrainingContext } from '../trainer.ts';
import { type Backend, backendNames, describeBackend, openBackend } from './backend.ts';
import { writeCnn } from './graph.ts';
import { CnnNetwork, type CnnShape, type CnnWeights, createWeights } from './network.ts';

const parameters = z.strictObject({
  backend: z
    .enum(['auto', ...backendNames])
    .default('auto')
    .describe('what computes; auto: the fastest there is'),
  vocabulary: z.int().min(1).max(4_000).default(3_500).describe('most frequent words that are told apart'),
  hashBuckets: z.int().min(1).max(4_000).default(500).describe('buckets that all other words share'),
  wordsMax: z.int().min(8).max(256).default(32).describe('words of a text that are read'),
  dimensions: z.int().min(2).max(256).default(48).describe('length of a word’s embedding'),
  widths: z
    .array(z.int().min(1).max(7))
    .min(1)
    .default([1, 2, 3])
    .describe('lengths of the filters, in words'),
  filters: z.int().min(1).max(512).default(64).describe('filters of each length'),
  epochs: z.int().min(1).max(100).default(6).describe('passes over the data'),
  batch: z.int().min(1).max(4_096).default(64).describe('texts of a step'),
  learningRate: z.number().positive().default(0.001).describe('learning rate of Adam'),
  dropout: z.number().min(0).max(0.95).default(0.5).describe('share of the filters a step does not see'),
  wordDropout: z.number().min(0).max(0.95).default(0.1).describe('share of the words a step does not see'),
  patience: z.int().min(1).default(2).describe('epochs without a better dev score after which it ends'),
});
export type CnnParameters = z.infer<typeof parameters>;

/** Texts as a step reads them. */
interface Read {
  readonly ids: Int32Array;
  readonly truth: Float32Array;
  readonly rows: number;
}

/** Throws `Misconfigured` for values to predict, labels it was not told, no texts, or where no backend is installed. */
export const cnnTrainer: Trainer<'cnn', CnnParameters> = {
  kind: 'cnn',
  doc: 'a small convolutional network over words, trained with TensorFlow.js',
  parameters,
  async fit(data, options, context) {
    const { labels, activation } = data;
    if (activation === 'identity') throw unfit('a CNN gives probabilities, no values');
    if (data.train.length === 0) throw unfit('there is no text to learn from');
    if (context.parent !== undefined) throw unfit('a CNN cannot go on from an earlier release');
    const vocabulary = frequentWords(data.train, options.vocabulary);
    const words = new WordNumbers(vocabulary, options.hashBuckets, options.wordsMax);
    const backend = await openBackend(options.backend);
    // Training may take a hundred times as long on the wrong one: nobody should have to look for it.
    process.emitWarning(describeBackend(backend), { type: 'TrainingBackend' });
    const { dimensions, widths, filters, wordsMax } = options;
    const shape = { words: words.size, wordsMax, dimensions, widths, filters, labels: labels.length };
    const read = (examples: readonly Example[]) => readExamples(examples, words, labels, activation);
    const held = read(data.dev);
    const weights = await fitCnn(shape, read(data.train), held, { ...options, activation, backend }, context);
    const network = new CnnNetwork(shape, weights, backend);
    const heldOut = {
      logits: await logitsOf(network, held, wordsMax),
      labels: labels.length,
      activation,
      truth: truthOf(held, labels.length),
    };
    network.dispose();
    const temperature = fitTemperature(heldOut);
    const isMulti = data.dev.some((example) => example.labels.length > 1);
    const cooled = { ...heldOut, logits: heldOut.logits.map((logit) => logit / temperature) };
    const thresholds = isMulti
      ? Object.fromEntries(fitThresholds(cooled).map((at, l) => [labels[l]!, at]))
      : null;
    return {
      shape: {
        kind: 'cnn',
        wordsMax,
        hashBuckets: options.hashBuckets,
        backend: describeBackend(backend),
        temperature,
        ...(thresholds === null ? {} : { thresholds }),
      },
      files: new Map([
        ['model.onnx', writeCnn(shape, weights, activation, temperature)],
        ['vocabulary.json', Buffer.from(`${JSON.stringify(vocabulary)}\n`)],
      ]),
    };
  },
};

type FitOptions = Omit<CnnParameters, 'backend'> & {
  readonly activation: 'softmax' | 'sigmoid';
  readonly backend: Backend;
};

/** Trains and resolves to the weights of the epoch with the best dev score (the last one without dev). */
async function fitCnn(
  shape: CnnShape,
  train: Read,
  dev: Read,
  options: FitOptions,
  { seed, signal, onProgress, onEpoch }: TrainingContext,
): Promise<CnnWeights> {
  const random = createRandom(seed);
  const { tf } = options.backend;
  let best = { weights: createWeights(shape, random), score: -1, epoch: -1 };
  const network = new CnnNetwork(shape, best.weights, options.backend);
  const optimiser = tf.train.adam(options.learningRate);
  const order = Int32Array.from({ length: train.rows }, (_, row) => row);
  const steps = Math.ceil(train.rows / options.batch);
  try {
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      shuffle(order, random);
      for (let step = 0; step < steps; step++) {
        const rows = order.subarray(step * options.batch, (step + 1) * options.batch);
        const loss = learn(network, optimiser, train, rows, options, random);
        if (step % 20 !== 0) continue;
        onProgress?.((epoch + step / steps) / options.epochs, loss);
        await new Promise(setImmediate);
        signal?.throwIfAborted();
      }
      const score = dev.rows > 0 ? await scoreOf(network, dev) : epoch;
      if (score > best.score) best = { weights: await network.weights(), score, epoch };
      if (onEpoch?.(epoch, score) === 'stop' || epoch - best.epoch >= options.patience) break;
    }
    onProgress?.(1);
    return best.weights;
  } finally {
    network.dispose();
    optimiser.dispose();
  }
}

function learn(
  network: CnnNetwork,
  optimiser: ReturnType<Backend['tf']['train']['adam']>,
  train: Read,
  rows: Int32Array,
  { dropout, wordDropout, activation }: FitOptions,
  random: () => number,
): number {
  const { wordsMax, widths, filters, labels } = network.shape;
  const ids = new Int32Array(rows.length * wordsMax);
  const truth = new Float32Array(rows.length * labels);
  rows.forEach((row, at) => {
    ids.set(train.ids.subarray(row * wordsMax, (row + 1) * wordsMax), at * wordsMax);
    truth.set(train.truth.subarray(row * labels, (row + 1) * labels), at * labels);
  });
  for (let at = 0; at < ids.length; at++) if (ids[at] !== 0 && random() < wordDropout) ids[at] = 0;
  const kept = Float32Array.from({ length: rows.length * widths.length * filters }, () =>
    random() < dropout ? 0 : 1 / (1 - dropout),
  );
  const { loss, gradients } = network.gradients(ids, truth, kept, activation);
  // By name, in the order of the variables: Adam keeps its moments by position.
  optimiser.applyGradients(
    [...network.variables].map(([name, variable]) => ({ name: variable.name, tensor: gradients[name]! })),
  );
  for (const gradient of Object.values(gradients)) gradient.dispose();
  return loss;
}

/** Share of the rows whose leading label holds. */
async function scoreOf(network: CnnNetwork, dev: Read): Promise<number> {
  const { labels, wordsMax } = network.shape;
  const logits = await logitsOf(network, dev, wordsMax);
  let right = 0;
  for (let row = 0; row < dev.rows; row++) {
    const own = logits.subarray(row * labels, (row + 1) * labels);
    const leading = own.indexOf(own.reduce((most, logit) => Math.max(most, logit)));
    if (dev.truth[row * labels + leading]! > 0) right++;
  }
  return right / dev.rows;
}

async function logitsOf(network: CnnNetwork, { ids, rows }: Read, wordsMax: number): Promise<Float64Array> {
  const { labels } = network.shape;
  const logits = new Float64Array(rows * labels);
  for (let start = 0; start < rows; start += 256) {
    const end = Math.min(rows, start + 256);
    logits.set(await network.logits(ids.subarray(start * wordsMax, end * wordsMax)), start * labels);
  }
  return logits;
}

/** The words of most texts, the most frequent first; of equally frequent ones in the order of their code units. */
function frequentWords(examples: readonly Example[], count: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { text } of examples)
    for (const word of plainWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([word]) => word);
}

function readExamples(
  examples: readonly Example[],
  words: WordNumbers,
  labels: readonly string[],
  activation: 'softmax' | 'sigmoid',
): Read {
  const numbers = new Map(labels.map((label, at) => [label, at]));
  const truth = new Float32Array(examples.length * labels.length);
  examples.forEach((example, row) => {
    for (const label of example.labels) {
      const at = numbers.get(label);
      if (at === undefined) throw unfit(`an example has the label “${label}”, which the task has not`);
      truth[row * labels.length + at] = activation === 'softmax' ? 1 / example.labels.length : 1;
    }
  });
  return { ids: words.read(examples.map(({ text }) => text)), truth, rows: examples.length };
}

function truthOf({ truth, rows }: Read, labels: number): Truth {
  const held: number[] = [];
  const labelOffsets = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    for (let label = 0; label < labels; label++) if (truth[row * labels + label]! > 0) held.push(label);
    labelOffsets[row + 1] = held.length;
  }
  return { size: rows, labels: Int32Array.from(held), labelOffsets };
}

const unfit = (message: string): Misconfigured =>
  new Misconfigured(message, {
    code: 'data-unfit',
    fix: 'Give labelled texts and the activation softmax or sigmoid, or choose another kind of trainer.',
  });
