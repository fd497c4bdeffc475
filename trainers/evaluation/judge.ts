// Judges a release on held-out examples, through the ONNX file that will be served.
import { answer, type Model } from '../../processors/inference/model.ts';
import type { Figures, ModelManifest } from '../../schemas/model-manifest.ts';
import type { DataSet } from '../task.ts';
import type { Example } from '../trainer.ts';

type Judged = Pick<ModelManifest, 'labels' | 'thresholds'>;

interface Tally {
  right: number;
  called: number;
  held: number;
}

const calibrationBins = 15;

/** Figures of a model over the examples of a set. */
export async function judgeModel(
  model: Model,
  set: Pick<DataSet, 'file' | 'among'>,
  examples: readonly Example[],
): Promise<Figures> {
  const { labels, thresholds } = model.manifest;
  const probabilities = await answer(
    model,
    examples.map(({ text }) => text),
  );
  if (set.among !== undefined) ruleOut(probabilities, labels, set.among);
  return judge(set.file, { labels, thresholds }, examples, probabilities);
}

/** Leaves each row the probabilities of the labels `among`, scaled to sum to one. */
function ruleOut(probabilities: Float32Array, labels: readonly string[], among: readonly string[]): void {
  for (let from = 0; from < probabilities.length; from += labels.length) {
    const row = probabilities.subarray(from, from + labels.length);
    labels.forEach((label, index) => {
      if (!among.includes(label)) row[index] = 0;
    });
    const sum = row.reduce((total, value) => total + value, 0);
    if (sum > 0) row.set(row.map((value) => value / sum));
  }
}

/**
 * Figures over examples. Accuracy: the leading label holds. F1 values: of the leading label where one label holds;
 * of the labels at or above their thresholds (the leading one where none is) where several may.
 * Calibration error: mean gap between confidence and accuracy of the leading label, over 15 equal bins of confidence.
 */
function judge(
  set: string,
  { labels, thresholds }: Judged,
  examples: readonly Example[],
  probabilities: Float32Array,
): Figures {
  const tallies: Tally[] = labels.map(() => ({ right: 0, called: 0, held: 0 }));
  const bins = Array.from({ length: calibrationBins }, () => ({ confidence: 0, right: 0 }));
  let right = 0;
  for (const [index, example] of examples.entries()) {
    const row = probabilities.subarray(index * labels.length, (index + 1) * labels.length);
    const leading = row.indexOf(Math.max(...row));
    const isRight = example.labels.includes(labels[leading]!);
    if (isRight) right++;
    const bin = bins[Math.min(calibrationBins - 1, Math.floor(row[leading]! * calibrationBins))]!;
    bin.confidence += row[leading]!;
    bin.right += isRight ? 1 : 0;
    const called = calledLabels(row, leading, labels, thresholds);
    for (const label of called) {
      tallies[label]!.called++;
      if (example.labels.includes(labels[label]!)) tallies[label]!.right++;
    }
    for (const label of example.labels) tallies[labels.indexOf(label)]!.held++;
  }
  const perLabel = tallies.map((tally, label) => ({ label: labels[label]!, ...ratesOf(tally) }));
  const supported = perLabel.filter(({ support }) => support > 0);
  const gap = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0);
  return {
    set,
    samples: examples.length,
    accuracy: rounded(right / examples.length),
    macroF1: rounded(supported.reduce((sum, { f1 }) => sum + f1, 0) / supported.length),
    calibrationError: rounded(gap / examples.length),
    perLabel,
  };
}

function calledLabels(
  row: Float32Array,
  leading: number,
  labels: readonly string[],
  thresholds: Judged['thresholds'],
): readonly number[] {
  if (thresholds === undefined) return [leading];
  const called = [...row.keys()].filter((label) => row[label]! >= thresholds[labels[label]!]!);
  return called.length > 0 ? called : [leading];
}

function ratesOf({ right, called, held }: Tally) {
  return {
    precision: rounded(called > 0 ? right / called : 0),
    recall: rounded(held > 0 ? right / held : 0),
    f1: rounded(called + held > 0 ? (2 * right) / (called + held) : 0),
    support: held,
  };
}

/** Four places: more would show differences between machines, not between models. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
