// Fits one binary problem a label. Each has random numbers of its own, so the order and the thread do not matter.
import { createRandom } from '../random.ts';
import { type Balance, type Classifier, type LabelledRows, placeWeights, problemOf } from './classifier.ts';
import { type DescentOptions, descend, squaresOf } from './dual-descent.ts';

export interface FitOptions {
  readonly cost: number;
  readonly balance: Balance;
  readonly loss: DescentOptions['loss'];
  readonly tolerance: number;
  readonly passesMax: number;
  readonly seed: number;
  /** Exactly one of two labels holds: one problem answers for both. */
  readonly isBinary: boolean;
  /** Weights of a label at the beginning, the bias last; zero where it is left out. */
  readonly initial?: ((label: number) => Float64Array<ArrayBuffer>) | undefined;
  /** Labels that no problem is made of: their weights stay zero. */
  readonly without: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Called after each label with the share done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Fits every label. Yields to the event loop between labels, and throws the signal's reason when aborted. */
export async function fitLabels(rows: LabelledRows, options: FitOptions): Promise<Classifier> {
  const { labels, matrix } = rows;
  const { features } = matrix;
  const classifier: Classifier = {
    labels,
    features,
    table: new Int8Array(features * labels),
    scales: new Float32Array(labels).fill(1),
    bias: new Float32Array(labels),
  };
  const squares = squaresOf(matrix);
  for (let label = options.isBinary ? 1 : 0; label < labels; label++) {
    if (options.without.includes(label)) continue;
    const weights = fitLabel(rows, squares, label, options);
    placeWeights(classifier, label, weights);
    if (options.isBinary)
      placeWeights(
        classifier,
        0,
        weights.map((weight) => -weight),
      );
    options.onProgress?.((label + 1) / labels);
    await new Promise(setImmediate);
    options.signal?.throwIfAborted();
  }
  return classifier;
}

/** Weights of one label, the bias last. */
function fitLabel(
  rows: LabelledRows,
  squares: Float64Array,
  label: number,
  options: FitOptions,
): Float64Array {
  const { loss, tolerance, passesMax, seed } = options;
  const weights = options.initial?.(label) ?? new Float64Array(rows.matrix.features + 1);
  const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ label) >>> 0);
  descend(problemOf(rows, squares, label, options), { loss, tolerance, passesMax, random }, weights);
  return weights;
}
