// The forest trainer: texts become the numbers of the features processor, trees are fitted to them.
import { createVector } from '../../processors/features/vector.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { featureItems } from '../../schemas/features.ts';
import { fitTemperature, fitThresholds, type HeldOut } from '../evaluation/calibration.ts';
import type { Example, Shape, Trainer, TrainingContext, TrainingData } from '../trainer.ts';
import { type Dev, fitForest } from './fit.ts';
import {
  type Forest,
  gainImportances,
  logitsOf,
  permutationImportances,
  scoresOf,
  type Targets,
} from './forest.ts';
import { writeForest } from './graph.ts';
import type { Matrix } from './matrix.ts';
import { type ForestParameters, forestParameters } from './options.ts';

const featureNames = featureItems.map(({ name }) => name);

export const forestTrainer: Trainer<'forest', ForestParameters> = {
  kind: 'forest',
  doc: 'decision trees on the numbers of a text (length, words, marks …), averaged or boosted: scores and classes',
  parameters: forestParameters,
  async fit(data, parameters, context) {
    refuseParent(context);
    const matrix = matrixOf(data.train);
    const targets = targetsOf(data, data.train);
    const dev = devOf(data);
    const { seed, signal, onProgress, onEpoch } = context;
    const fitted = await fitForest(matrix, targets, parameters, { seed, signal, onProgress, onEpoch, dev });
    const { forest, thresholds } = calibrate(fitted, data, dev);
    const shape: Shape<'forest'> = {
      kind: 'forest',
      features: 'prompt',
      featureNames,
      spread: forest.method === 'forest',
      temperature: forest.temperature,
      importances: importancesOf(forest, dev, seed),
      ...(thresholds === undefined ? {} : { thresholds }),
    };
    return { shape, files: new Map([['model.onnx', writeForest(forest)]]) };
  },
};

function refuseParent({ parent }: TrainingContext): void {
  if (parent === undefined) return;
  throw new Misconfigured(
    'a forest cannot go on from an earlier release: its trees are not changed by new data',
    {
      code: 'no-incremental-training',
      fix: 'Train it anew, on the old data and the new together.',
    },
  );
}

/** The features of texts, one row each. */
function matrixOf(examples: readonly Example[]): Matrix {
  const vector = createVector();
  const columns = featureNames.length;
  const values = new Float32Array(examples.length * columns);
  examples.forEach(({ text }, row) => {
    values.set(vector(text), row * columns);
  });
  return { rows: examples.length, columns, values };
}

/** Values, or 1 for labels that hold and 0 for others. */
function targetsOf({ labels, activation }: TrainingData, examples: readonly Example[]): Targets {
  const width = labels.length;
  const values = new Float64Array(examples.length * width);
  const weights = Float64Array.from(examples, ({ weight }) => weight ?? 1);
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  examples.forEach((example, row) => {
    if (activation === 'identity') {
      values.set(valuesOf(example, labels, row), row * width);
      return;
    }
    for (const label of example.labels) {
      const index = indexOf.get(label);
      if (index === undefined)
        throw new Error(`row ${row} has the label “${label}”, which the task does not declare`);
      values[row * width + index] = activation === 'softmax' ? 1 / example.labels.length : 1;
    }
  });
  return { activation, width, values, weights };
}

function valuesOf({ values }: Example, labels: readonly string[], row: number): readonly number[] {
  if (values?.length === labels.length && values.every(Number.isFinite)) return values;
  throw new Misconfigured(
    `example ${row} has ${values === undefined ? 'no values' : `the values ${values.join(', ')}`}, and the task predicts ${labels.join(', ')}`,
    {
      code: 'bad-training-data',
      fix: 'Give each example one finite value for each label of the task, in their order, or leave it out.',
    },
  );
}

function devOf(data: TrainingData): Dev | undefined {
  if (data.dev.length === 0) return undefined;
  return { matrix: matrixOf(data.dev), targets: targetsOf(data, data.dev) };
}

/** Sets the temperature and, where several labels may hold at once, finds thresholds: both on dev. */
function calibrate(forest: Forest, { labels, dev: examples }: TrainingData, dev: Dev | undefined) {
  if (dev === undefined || forest.activation === 'identity') return { forest, thresholds: undefined };
  const heldOut: HeldOut = {
    logits: logitsOf(forest, scoresOf(forest, dev.matrix)),
    labels: labels.length,
    activation: forest.activation,
    truth: truthOf(labels, examples),
  };
  const temperature = fitTemperature(heldOut);
  const calibrated = { ...forest, temperature };
  if (forest.activation === 'softmax') return { forest: calibrated, thresholds: undefined };
  const logits = heldOut.logits.map((logit) => logit / temperature);
  const found = fitThresholds({ ...heldOut, logits });
  return {
    forest: calibrated,
    thresholds: Object.fromEntries(labels.map((label, index) => [label, found[index]!])),
  };
}

function truthOf(labels: readonly string[], examples: readonly Example[]): HeldOut['truth'] {
  const held = examples.map((example) => example.labels.map((label) => labels.indexOf(label)));
  const labelOffsets = new Int32Array(examples.length + 1);
  held.forEach((indices, row) => {
    labelOffsets[row + 1] = labelOffsets[row]! + indices.length;
  });
  return { size: examples.length, labels: Int32Array.from(held.flat()), labelOffsets };
}

function importancesOf(forest: Forest, dev: Dev | undefined, seed: number) {
  const gains = gainImportances(forest);
  const losses = dev && permutationImportances(forest, dev.matrix, dev.targets, { seed });
  return Object.fromEntries(
    featureNames.map((name, column) => [
      name,
      {
        gain: rounded(gains[column]!),
        ...(losses === undefined ? {} : { permutation: rounded(losses[column]!) }),
      },
    ]),
  );
}

/** Six places: more is noise, and would differ between machines. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
