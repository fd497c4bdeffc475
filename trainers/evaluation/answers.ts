// What a model says about examples, set against what holds for them.
import { calibrated } from '../../processors/inference/calibration.ts';
import type { Model } from '../../processors/inference/model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { Example } from '../trainer.ts';
import { type LabelSets, packLabels } from './tallies.ts';

export interface Asking {
  readonly signal?: AbortSignal | undefined;
  /** Share of the examples that are answered, 0–1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

const batchTexts = 256;

/** Row-major values of the model for every example, in batches of moderate size. */
export async function ask(
  model: Model,
  examples: readonly Example[],
  { signal, onProgress }: Asking = {},
): Promise<Float32Array> {
  const width = model.manifest.labels.length;
  const values = new Float32Array(examples.length * width);
  for (let from = 0; from < examples.length; from += batchTexts) {
    signal?.throwIfAborted();
    const batch = examples.slice(from, from + batchTexts);
    const inputs = batch.map(({ text, second }) => (second === undefined ? text : ([text, second] as const)));
    values.set(await model.predict(model.prepare(inputs), inputs.length), from * width);
    onProgress?.(Math.min(1, (from + batchTexts) / examples.length));
  }
  return values;
}

/** Leaves each row the probabilities of the labels `among`, scaled to sum to one. */
export function ruleOut(
  probabilities: Float32Array,
  labels: readonly string[],
  among: readonly string[],
): void {
  const isOut = labels.map((label) => !among.includes(label));
  for (let from = 0; from < probabilities.length; from += labels.length) {
    const row = probabilities.subarray(from, from + labels.length);
    isOut.forEach((out, index) => {
      if (out) row[index] = 0;
    });
    const sum = row.reduce((total, value) => total + value, 0);
    if (sum > 0) row.set(row.map((value) => value / sum));
  }
}

/** Answers of a model that labels. */
export interface LabelAnswers {
  readonly rows: number;
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid';
  /** Probabilities, row-major. */
  readonly values: Float32Array;
  /** The label with the highest probability. */
  readonly leading: Int32Array;
  /**
   * How sure the answer is: of the leading label, put through the manifest's curve where there is one; with sigmoid, of
   * exactly the called labels, taken as independent.
   */
  readonly confidence: Float64Array;
  /** 1 where the leading label holds; with sigmoid, where exactly the called labels hold. */
  readonly isRight: Uint8Array;
  readonly held: LabelSets;
  /**
   * Softmax: the leading label or, where the manifest has thresholds, every label at its own, the leading one where
   * none is. Sigmoid: every label at its threshold, 0.5 where there is none; maybe no label at all.
   */
  readonly called: LabelSets;
  /** One label holds in every row and one is called. */
  readonly isSingle: boolean;
}

type Labelling = Pick<ModelManifest, 'labels' | 'activation' | 'thresholds' | 'confidence'>;

/** Reads probabilities as answers. Throws `Misconfigured` where an example has a label that the model does not know. */
export function readLabels(
  manifest: Labelling,
  examples: readonly Example[],
  values: Float32Array,
): LabelAnswers {
  const { labels, confidence: curve } = manifest;
  const activation = manifest.activation === 'sigmoid' ? 'sigmoid' : 'softmax';
  const held = heldLabels(labels, activation, examples);
  const calls: (readonly number[])[] = [];
  const leading = new Int32Array(examples.length);
  const confidence = new Float64Array(examples.length);
  const isRight = new Uint8Array(examples.length);
  for (let row = 0; row < examples.length; row++) {
    const probabilities = values.subarray(row * labels.length, (row + 1) * labels.length);
    const first = indexOfMax(probabilities);
    const called = callsOf(manifest, probabilities, first);
    leading[row] = first;
    calls.push(called);
    if (activation === 'softmax') {
      isRight[row] = held[row]!.includes(first) ? 1 : 0;
      confidence[row] = probabilities[first]!;
    } else {
      isRight[row] = sameSet(called, held[row]!) ? 1 : 0;
      confidence[row] = probabilities.reduce(
        (product, value, label) => product * (called.includes(label) ? value : 1 - value),
        1,
      );
    }
    if (curve !== undefined) confidence[row] = calibrated(curve, confidence[row]!);
  }
  const isSingle = [...held, ...calls].every(({ length }) => length === 1);
  return {
    rows: examples.length,
    labels,
    activation,
    values,
    leading,
    confidence,
    isRight,
    held: packLabels(held),
    called: packLabels(calls),
    isSingle,
  };
}

function heldLabels(
  labels: readonly string[],
  activation: 'softmax' | 'sigmoid',
  examples: readonly Example[],
): readonly (readonly number[])[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const unknown = new Set<string>();
  let unlabelled = 0;
  const held = examples.map((example) => {
    if (example.labels.length === 0 && activation === 'softmax') unlabelled++;
    return [...new Set(example.labels)].map((label) => {
      const index = indexOf.get(label);
      if (index === undefined) unknown.add(label);
      return index ?? -1;
    });
  });
  if (unknown.size === 0 && unlabelled === 0) return held;
  const few = [...unknown].slice(0, 5).map((label) => `“${label}”`);
  const what =
    unknown.size > 0
      ? `the data has labels that the model does not know: ${few.join(', ')}${unknown.size > 5 ? ` and ${unknown.size - 5} more` : ''}`
      : `${unlabelled} rows of the data have no label`;
  throw new Misconfigured(what, {
    code: 'labels-differ',
    fix: `The model's labels are ${labels.slice(0, 30).join(', ')}${labels.length > 30 ? ' …' : ''}: rename those of the data to them, or leave the rows out.`,
  });
}

function callsOf(
  { labels, activation, thresholds }: Labelling,
  probabilities: Float32Array,
  leading: number,
): readonly number[] {
  if (activation === 'softmax' && thresholds === undefined) return [leading];
  const called: number[] = [];
  for (let label = 0; label < labels.length; label++) {
    if (probabilities[label]! >= (thresholds?.[labels[label]!] ?? 0.5)) called.push(label);
  }
  return called.length === 0 && activation === 'softmax' ? [leading] : called;
}

function indexOfMax(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at]! > values[best]!) best = at;
  return best;
}

const sameSet = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((label) => b.includes(label));

/** Answers of a model that scores: true and predicted values of one output, row by row. */
export interface ValueAnswers {
  readonly label: string;
  readonly truth: Float64Array;
  readonly said: Float64Array;
}

/**
 * Reads values as answers, output by output. Rows may have values for the first outputs only, all for the same ones.
 * Throws `Misconfigured` for rows without a value and for values the model does not answer.
 */
export function readValues(
  { labels }: Pick<ModelManifest, 'labels'>,
  examples: readonly Example[],
  values: Float32Array,
): readonly ValueAnswers[] {
  const given = examples[0]?.values?.length ?? 0;
  const fits = given > 0 && given <= labels.length;
  const wrong = fits ? examples.findIndex((example) => example.values?.length !== given) : 0;
  if (wrong >= 0)
    throw new Misconfigured(
      `row ${wrong + 1} of the data has ${examples[wrong]?.values?.length ?? 0} values, the model answers ${labels.length}: ${labels.join(', ')}`,
      { code: 'values-differ', fix: 'Give every row a number for each of them, in that order.' },
    );
  return labels.slice(0, given).map((label, at) => ({
    label,
    truth: Float64Array.from(examples, (example) => example.values![at]!),
    said: Float64Array.from(examples, (_, row) => values[row * labels.length + at]!),
  }));
}
