// The n-gram trainer: hashed words and characters, pooled embeddings, one linear layer; embeddings in eight bits.
import { z } from 'zod';
import { Misconfigured } from '../../schemas/errors.ts';
import { fitTemperature, fitThresholds } from '../evaluation/calibration.ts';
import type { Trainer, TrainingContext, TrainingData } from '../trainer.ts';
import { buildCorpus, type Corpus } from './corpus.ts';
import { featurizerFrom, featurizerParameters } from './featurizer-parameters.ts';
import { fit } from './fit.ts';
import { writeNetwork } from './graph.ts';
import { EarlyStopping } from './held-out.ts';
import { logitsOf, type Network, type NetworkShape } from './network.ts';
import { quantize } from './quantization.ts';
import { networkFrom } from './release.ts';
import { fitInShards } from './shards.ts';

const parameters = z.strictObject({
  ...featurizerParameters({ words: 65_536, characters: 131_072 }),
  dimensions: z
    .union([z.literal('linear'), z.int().min(2).max(512)])
    .default('linear')
    .describe('embedding size, or linear for one dimension a label'),
  epochs: z.int().min(1).max(200).default(6).describe('passes over the data'),
  learningRate: z.number().positive().default(0.1).describe('first learning rate'),
  schedule: z.enum(['linear', 'cosine']).default('linear').describe('how the learning rate falls to zero'),
  dropout: z.number().min(0).max(0.95).default(0.5).describe('share of the n-grams a step does not see'),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('share of a weight a step takes away, times the rate'),
  focalGamma: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe('focal loss: how little easy rows count; 0 for cross entropy'),
  labelPower: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('class weights: 0 none, 1 balanced, between them a power of that'),
  labelSmoothing: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('share of the target spread over all labels'),
  ordinalSpread: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe('for ordered labels: how far the target reaches to its neighbours; 0 for labels without order'),
  patience: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe('epochs without a better score on dev after which the best is kept; 0 for all epochs'),
  shards: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('copies trained in threads side by side and averaged: part of the result, threads are not'),
});
export type NgramParameters = z.infer<typeof parameters>;

export const ngramTrainer: Trainer<'ngram', NgramParameters> = {
  kind: 'ngram',
  doc: 'hashed words and characters, pooled embeddings, one linear layer: small and fast',
  parameters,
  async fit(data, options, context) {
    const shape = shapeOf(data, options);
    const { featurizer, labels } = shape;
    const initial = context.parent && networkFrom(context.parent, shape);
    const corpus = buildCorpus(data.train, labels, featurizer);
    const held = buildCorpus(data.dev, labels, featurizer);
    context.signal?.throwIfAborted();
    const network = await train(shape, corpus, held, { options, context, initial });
    const heldOut = (from: Network) => ({
      logits: logitsOf(from, held),
      labels: labels.length,
      activation: shape.activation,
      truth: held,
    });
    const temperature = fitTemperature(heldOut(quantize(network, 1)));
    const quantized = quantize(network, temperature);
    const isMulti = data.dev.some((example) => example.labels.length > 1);
    const found = isMulti ? fitThresholds(heldOut(quantized)) : undefined;
    const thresholds = found && Object.fromEntries(labels.map((label, index) => [label, found[index]!]));
    return {
      shape: { kind: 'ngram', featurizer, temperature, ...(thresholds ? { thresholds } : {}) },
      files: new Map([['model.onnx', writeNetwork(quantized)]]),
    };
  },
};

/** Trains in one thread or in shards, and keeps the weights that score best on dev where that is asked for. */
async function train(
  shape: NetworkShape,
  corpus: Corpus,
  held: Corpus,
  given: {
    readonly options: NgramParameters;
    readonly context: TrainingContext;
    readonly initial: Network | undefined;
  },
): Promise<Network> {
  const { options, context, initial } = given;
  const { seed, signal, onProgress, onEpoch } = context;
  const { patience, shards } = options;
  if (patience > 0 && held.size === 0) {
    throw new Misconfigured('patience needs dev rows to judge by, and there are none', {
      code: 'no-dev-data',
      fix: 'Give the task a calibration share or a data set with the role calibration, or set patience to 0.',
    });
  }
  const isOrdinal = options.ordinalSpread > 0;
  const stopping = new EarlyStopping(held, {
    patience,
    isOrdinal,
    onEpoch: held.size > 0 ? onEpoch : undefined,
  });
  const fitOptions = {
    ...options,
    seed,
    signal,
    onProgress,
    initial,
    onEpoch: (epoch: number, network: Network) => stopping.afterEpoch(epoch, network),
  };
  const network =
    shards > 1 ? await fitInShards(shape, corpus, fitOptions) : await fit(shape, corpus, fitOptions);
  return stopping.best(network);
}

function shapeOf({ labels, activation, train }: TrainingData, options: NgramParameters): NetworkShape {
  const featurizer = featurizerFrom(options);
  if (activation === 'identity') {
    throw new Misconfigured('n-gram models give probabilities, no values', {
      code: 'wrong-activation',
      fix: 'Choose the trainer “forest” for scores, or cut them into ordered labels and set ordinalSpread.',
    });
  }
  if (train.length === 0) {
    throw new Misconfigured('there is nothing to learn from: no rows are left for training', {
      code: 'no-training-data',
      fix: 'Check the data sets of the task and their roles.',
    });
  }
  return { featurizer, labels, activation, dimensions: options.dimensions };
}
