// The n-gram trainer: hashed words and characters, pooled embeddings, one linear layer; embeddings in eight bits.
import { z } from 'zod';
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';
import { fitTemperature, fitThresholds } from '../evaluation/calibration.ts';
import type { Trainer, TrainingContext, TrainingData } from '../trainer.ts';
import { buildCorpus } from './corpus.ts';
import { fit } from './fit.ts';
import { writeNetwork } from './graph.ts';
import { logitsOf, type NetworkShape } from './network.ts';
import { quantize } from './quantization.ts';

const parameters = z.strictObject({
  words: z.int().min(1).max(3).default(2).describe('longest word n-gram'),
  charactersMin: z.int().min(1).max(8).default(2).describe('shortest character n-gram'),
  charactersMax: z.int().min(1).max(8).default(5).describe('longest character n-gram'),
  leadingWords: z.int().min(0).max(32).default(0).describe('first words that also count as such'),
  wordBuckets: z.int().default(65_536).describe('rows of the table for words, a power of two'),
  characterBuckets: z.int().default(131_072).describe('rows of the table for characters, a power of two'),
  idsMax: z.int().min(64).max(65_536).default(2_048).describe('n-grams of a text that are read'),
  dimensions: z
    .union([z.literal('linear'), z.int().min(2).max(512)])
    .default('linear')
    .describe('embedding size, or linear for one dimension a label'),
  epochs: z.int().min(1).max(200).default(6).describe('passes over the data'),
  learningRate: z.number().positive().default(0.1).describe('first learning rate'),
  dropout: z.number().min(0).max(0.95).default(0.5).describe('share of the n-grams a step does not see'),
});
export type NgramParameters = z.infer<typeof parameters>;

export const ngramTrainer: Trainer<'ngram', NgramParameters> = {
  kind: 'ngram',
  doc: 'hashed words and characters, pooled embeddings, one linear layer: small and fast',
  parameters,
  async fit(data, options, context) {
    const shape = shapeOf(data, options);
    const { featurizer, labels } = shape;
    const corpus = buildCorpus(data.train, labels, featurizer);
    context.signal?.throwIfAborted();
    const network = await fit(shape, corpus, fitOptions(options, context));
    const held = buildCorpus(data.dev, labels, featurizer);
    const heldOut = (from: typeof network) => ({
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

function shapeOf({ labels, activation }: TrainingData, options: NgramParameters): NetworkShape {
  const { epochs, learningRate, dropout, dimensions, ...rest } = options;
  const featurizer: FeaturizerOptions = rest;
  if (activation === 'identity') throw new Error('n-gram models give probabilities, no values');
  return { featurizer, labels, activation, dimensions };
}

const fitOptions = (
  { epochs, learningRate, dropout }: NgramParameters,
  { seed, signal, onProgress }: TrainingContext,
) => ({ epochs, learningRate, dropout, seed, signal, onProgress });
