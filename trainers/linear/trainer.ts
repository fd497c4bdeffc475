// The linear trainer: hashed TF-IDF of words and characters, one linear problem a label, weights in eight bits.
import { z } from 'zod';
import { Misconfigured } from '../../schemas/errors.ts';
import { fitThresholds } from '../evaluation/calibration.ts';
import { featurizerFrom, featurizerParameters } from '../ngram/featurizer-parameters.ts';
import type { Example, Shape, Trained, Trainer, TrainingData } from '../trainer.ts';
import {
  applyLines,
  type HeldOutScores,
  type Line,
  outOfScopeScore,
  plattLines,
  scoreTemperature,
  uncalibratedSlope,
} from './calibration.ts';
import { type Classifier, scoresOf } from './classifier.ts';
import { fitLabels } from './fit.ts';
import { writeClassifier } from './graph.ts';
import { startFrom } from './parent.ts';
import { countTexts, learnVocabulary, type Vocabulary, weighTexts } from './terms.ts';

const parameters = z.strictObject({
  ...featurizerParameters({ words: 262_144, characters: 262_144 }),
  documentsMin: z.int().min(1).max(1_000).default(1).describe('texts a bucket must be in to be kept'),
  loss: z.enum(['squared-hinge', 'logistic']).default('squared-hinge').describe('what is minimised'),
  cost: z.number().positive().default(1).describe('what an error costs beside the size of the weights (C)'),
  balance: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe('whether rare labels count as much as others'),
  tolerance: z.number().positive().max(1).default(0.1).describe('how near to the optimum the fit ends'),
  passesMax: z.int().min(1).max(10_000).default(300).describe('passes over the data at most'),
  outOfScope: z
    .string()
    .optional()
    .describe('label that is given where no other label scores enough, instead of being learned'),
  outOfScopeLoss: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.005)
    .describe('share of right answers in scope that may be lost to it'),
});
export type LinearParameters = z.infer<typeof parameters>;

export const linearTrainer: Trainer<'linear', LinearParameters> = {
  kind: 'linear',
  doc: 'hashed TF-IDF of words and characters, one support vector machine a label: strong with little data',
  parameters,
  async fit(data, options, context) {
    const activation = activationOf(data);
    const { labels } = data;
    const featurizer = featurizerFrom(options);
    const outOfScope = indexOfOutOfScope(labels, options);
    const counted = countTexts(data.train, featurizer);
    const { documentsMin } = options;
    const start =
      context.parent && startFrom(context.parent, counted, { featurizer, labels, activation, documentsMin });
    const vocabulary = start?.vocabulary ?? learnVocabulary(counted, featurizer, documentsMin);
    context.signal?.throwIfAborted();
    const rows = {
      matrix: weighTexts(counted, vocabulary),
      labels: labels.length,
      weights: Float32Array.from(data.train, ({ weight }) => weight ?? 1),
      ...truthOf(data.train, labels),
    };
    const isBinary = activation === 'softmax' && labels.length === 2 && outOfScope === undefined;
    const classifier = await fitLabels(rows, {
      ...options,
      seed: context.seed,
      isBinary,
      without: outOfScope === undefined ? [] : [outOfScope],
      initial: start && ((label) => start.weightsOf(labels[label]!)),
      signal: context.signal,
      onProgress: context.onProgress,
    });
    return finish(classifier, vocabulary, { data, activation, options, outOfScope });
  },
};

interface Finish {
  readonly data: TrainingData;
  readonly activation: 'softmax' | 'sigmoid';
  readonly options: LinearParameters;
  readonly outOfScope: number | undefined;
}

/** Calibrates on dev and writes the file. */
function finish(
  fitted: Classifier,
  vocabulary: Vocabulary,
  { data, activation, options, outOfScope }: Finish,
): Trained<'linear'> {
  const { labels, dev } = data;
  const matrix = weighTexts(countTexts(dev, vocabulary.featurizer), vocabulary);
  const { truth, labelOffsets } = truthOf(dev, labels);
  const heldOut = (from: Classifier): HeldOutScores => ({
    scores: scoresOf(from, matrix),
    labels: labels.length,
    truth: { size: dev.length, labels: truth, labelOffsets },
  });
  let classifier = fitted;
  let scope: Shape<'linear'>['outOfScope'];
  if (outOfScope !== undefined) {
    const below = outOfScopeScore(heldOut(classifier), outOfScope, options.outOfScopeLoss);
    classifier = { ...classifier, bias: classifier.bias.with(outOfScope, below) };
    scope = { label: labels[outOfScope]!, below: classifier.bias[outOfScope]! };
  }
  const { calibration, temperature, lines } = calibrate(heldOut(classifier), activation, options.loss);
  const calibrated = applyLines(classifier, lines);
  const thresholds = thresholdsOf(heldOut(calibrated), data, activation);
  return {
    shape: {
      kind: 'linear',
      featurizer: vocabulary.featurizer,
      calibration,
      ...(temperature === undefined ? {} : { temperature }),
      ...(scope === undefined ? {} : { outOfScope: scope }),
      ...(thresholds === undefined ? {} : { thresholds }),
    },
    files: new Map([['model.onnx', writeClassifier(vocabulary, calibrated, activation)]]),
  };
}

interface Calibrated {
  readonly calibration: Shape<'linear'>['calibration'];
  readonly temperature?: number;
  readonly lines: readonly Line[];
}

function calibrate(
  heldOut: HeldOutScores,
  activation: 'softmax' | 'sigmoid',
  loss: LinearParameters['loss'],
): Calibrated {
  const same = (slope: number) => Array.from({ length: heldOut.labels }, () => ({ slope, offset: 0 }));
  if (heldOut.truth.size === 0) return { calibration: 'none', lines: same(uncalibratedSlope[loss]) };
  if (activation === 'sigmoid') return { calibration: 'platt', lines: plattLines(heldOut) };
  const temperature = scoreTemperature(heldOut);
  return { calibration: 'temperature', temperature, lines: same(1 / temperature) };
}

function thresholdsOf(
  { scores: logits, labels, truth }: HeldOutScores,
  { labels: names, dev }: TrainingData,
  activation: 'softmax' | 'sigmoid',
): Record<string, number> | undefined {
  if (!dev.some((example) => example.labels.length > 1)) return undefined;
  const found = fitThresholds({ logits, labels, activation, truth });
  return Object.fromEntries(names.map((label, index) => [label, found[index]!]));
}

/** Label indices of every example, one after the other. Throws `Misconfigured` for labels the task lacks. */
function truthOf(examples: readonly Example[], labels: readonly string[]) {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const labelOffsets = new Int32Array(examples.length + 1);
  const truth: number[] = [];
  examples.forEach((example, row) => {
    for (const label of example.labels) {
      const index = indexOf.get(label);
      if (index === undefined) {
        throw new Misconfigured(`row ${row} has the label “${label}”, which the task does not declare`, {
          code: 'unknown-label',
          fix: `Labels of the task are ${labels.slice(0, 20).join(', ')}.`,
        });
      }
      truth.push(index);
    }
    labelOffsets[row + 1] = truth.length;
  });
  return { truth: Int32Array.from(truth), labelOffsets };
}

function indexOfOutOfScope(labels: readonly string[], { outOfScope }: LinearParameters): number | undefined {
  if (outOfScope === undefined) return undefined;
  const index = labels.indexOf(outOfScope);
  if (index >= 0) return index;
  throw new Misconfigured(`the out-of-scope label “${outOfScope}” is no label of the task`, {
    code: 'unknown-label',
    fix: `Set outOfScope to one of ${labels.slice(0, 20).join(', ')}, or leave it out.`,
  });
}

function activationOf({ activation, train }: TrainingData) {
  if (activation === 'identity') {
    throw new Misconfigured('linear models give probabilities, no values', {
      code: 'wrong-activation',
      fix: 'Choose the trainer “forest” for scores.',
    });
  }
  if (train.length === 0) {
    throw new Misconfigured('there is nothing to learn from: no rows are left for training', {
      code: 'no-training-data',
      fix: 'Check the data sets of the task and their roles.',
    });
  }
  return activation;
}
