// What the confidence of a release is worth, from rows kept from training: a curve that corrects it, and the threshold
// below which it had better not answer.
import { calibrated } from '../../processors/inference/calibration.ts';
import type { Model } from '../../processors/inference/model.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { chooseAbstention } from '../evaluation/abstention.ts';
import { ask, readLabels } from '../evaluation/answers.ts';
import { compareCalibrations, type HeldOut } from '../evaluation/calibration.ts';
import { fitIsotonic } from '../evaluation/isotonic.ts';
import type { Example } from '../trainer.ts';

/** A curve has many corners: fewer rows than this would be learned by heart. */
const curveRowsMin = 1_000;
/** The share of the log loss that the curve has to take away, judged on rows it was not fitted to, to be kept. */
const gainMin = 0.01;

/**
 * The confidence curve of a model with one label a text, where it is better than the probability itself on held-out
 * rows, and the confidence from which `wantedAccuracy` of the answers are right, where that can be reached. The model’s
 * own `abstainBelow` stays.
 */
export async function fitConfidence(
  model: Model,
  dev: readonly Example[],
  wantedAccuracy: number | undefined,
): Promise<Pick<ModelManifest, 'confidence' | 'abstainBelow'>> {
  const { manifest } = model;
  if (manifest.activation !== 'softmax' || dev.length === 0) return {};
  const values = await ask(model, dev);
  const { confidence, isRight } = readLabels(manifest, dev, values);
  const curve = dev.length >= curveRowsMin ? curveOf(manifest, dev, values, confidence, isRight) : undefined;
  const shown =
    curve === undefined ? confidence : Float64Array.from(confidence, (one) => calibrated(curve, one));
  const chosen =
    wantedAccuracy === undefined || manifest.abstainBelow !== undefined
      ? null
      : chooseAbstention(shown, isRight, wantedAccuracy);
  return {
    ...(curve === undefined ? {} : { confidence: curve }),
    ...(chosen === null ? {} : { abstainBelow: rounded(chosen.abstainBelow) }),
  };
}

function curveOf(
  { labels }: ModelManifest,
  dev: readonly Example[],
  probabilities: Float32Array,
  confidence: ArrayLike<number>,
  isRight: ArrayLike<number>,
): ModelManifest['confidence'] {
  const loss = compareCalibrations(heldOutOf(labels, dev, probabilities));
  if (loss.isotonic > loss.none * (1 - gainMin)) return undefined;
  const { x, y } = fitIsotonic(confidence, isRight);
  const corners = x.map(rounded).flatMap((at, index, all) => (at > (all[index - 1] ?? -1) ? [index] : []));
  return {
    method: 'isotonic',
    x: corners.map((index) => rounded(x[index]!)),
    y: corners.map((index) => rounded(y[index]!)),
  };
}

/** Log probabilities are logits too: of the same softmax. */
function heldOutOf(labels: readonly string[], dev: readonly Example[], probabilities: Float32Array): HeldOut {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const held = dev.map((example) => example.labels.map((label) => indexOf.get(label)!));
  const labelOffsets = new Int32Array(dev.length + 1);
  held.forEach((row, at) => {
    labelOffsets[at + 1] = labelOffsets[at]! + row.length;
  });
  return {
    logits: Float64Array.from(probabilities, (value) => Math.log(Math.max(value, 1e-12))),
    labels: labels.length,
    activation: 'softmax',
    truth: { size: dev.length, labels: Int32Array.from(held.flat()), labelOffsets },
  };
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
