// What a network is punished for: cross entropy, or focal loss over smoothed, weighted or ordinal targets.
import type { Corpus } from './corpus.ts';

export interface LossOptions {
  readonly activation: 'softmax' | 'sigmoid';
  /** Focal loss: what is answered well already counts less, by (1 - p)^gamma. 0 is cross entropy. */
  readonly focalGamma: number;
  /** Share of the target that is spread over all labels. */
  readonly labelSmoothing: number;
  /** Labels are ordered: the target falls off by exp(-distance / spread) around the right one. 0 where they are not. */
  readonly ordinalSpread: number;
  /** What an error about each label counts; undefined where all count the same. */
  readonly labelWeights?: Float64Array | undefined;
}

/** Replaces the probabilities of a row by the derivative of its loss by the logits; returns the loss. */
export type Loss = (probabilities: Float64Array, corpus: Corpus, row: number) => number;

/** The loss that the options ask for. */
export function createLoss(options: LossOptions, labels: number): Loss {
  const { activation, focalGamma, labelSmoothing, ordinalSpread, labelWeights } = options;
  const isPlain =
    focalGamma === 0 && labelSmoothing === 0 && ordinalSpread === 0 && labelWeights === undefined;
  if (isPlain) return (probabilities, corpus, row) => crossEntropy(probabilities, corpus, row, activation);
  const targets = new Float64Array(labels);
  return (probabilities, corpus, row) => {
    fillTargets(targets, corpus, row, options);
    return activation === 'softmax'
      ? focalSoftmax(probabilities, targets, options)
      : focalSigmoid(probabilities, targets, options);
  };
}

/** Replaces probabilities by their error (p - y), and returns the cross entropy. */
function crossEntropy(
  probabilities: Float64Array,
  corpus: Corpus,
  row: number,
  activation: 'softmax' | 'sigmoid',
): number {
  const from = corpus.labelOffsets[row]!;
  const to = corpus.labelOffsets[row + 1]!;
  const share = activation === 'softmax' ? 1 / (to - from) : 1;
  let loss = 0;
  if (activation === 'sigmoid') {
    for (const probability of probabilities) loss -= Math.log(Math.max(1 - probability, 1e-12));
  }
  for (let at = from; at < to; at++) {
    const label = corpus.labels[at]!;
    const probability = probabilities[label]!;
    loss -= share * Math.log(Math.max(probability, 1e-12));
    if (activation === 'sigmoid') loss += Math.log(Math.max(1 - probability, 1e-12));
    probabilities[label] = probability - share;
  }
  return loss;
}

/** Softmax targets sum to one; sigmoid targets are one by one. */
function fillTargets(targets: Float64Array, corpus: Corpus, row: number, options: LossOptions): void {
  const { activation, labelSmoothing, ordinalSpread } = options;
  const from = corpus.labelOffsets[row]!;
  const to = corpus.labelOffsets[row + 1]!;
  targets.fill(0);
  const share = activation === 'softmax' ? 1 / (to - from) : 1;
  for (let at = from; at < to; at++) {
    const label = corpus.labels[at]!;
    if (ordinalSpread === 0) targets[label] = share;
    else addAround(targets, label, ordinalSpread, share);
  }
  if (labelSmoothing === 0) return;
  const floor = labelSmoothing / (activation === 'softmax' ? targets.length : 2);
  for (let label = 0; label < targets.length; label++) {
    targets[label] = targets[label]! * (1 - labelSmoothing) + floor;
  }
}

/** Soft targets for ordered labels (Diaz and Marathe 2019, "Soft labels for ordinal regression"). */
function addAround(targets: Float64Array, center: number, spread: number, share: number): void {
  let sum = 0;
  for (let label = 0; label < targets.length; label++) sum += Math.exp(-Math.abs(label - center) / spread);
  for (let label = 0; label < targets.length; label++) {
    targets[label]! += (share * Math.exp(-Math.abs(label - center) / spread)) / sum;
  }
}

/** -(1 - p)^gamma ln p, the focal loss of a probability that should be one (Lin et al. 2017, arXiv:1708.02002). */
const focal = (p: number, gamma: number): number => -((1 - p) ** gamma) * Math.log(Math.max(p, 1e-12));

/** The derivative of focal loss by the logit, over that of cross entropy (p - 1). */
function focalFactor(p: number, gamma: number): number {
  if (gamma === 0) return 1;
  const q = Math.max(1 - p, 1e-12);
  return q ** gamma - gamma * p * q ** (gamma - 1) * Math.log(Math.max(p, 1e-12));
}

function focalSoftmax(
  probabilities: Float64Array,
  targets: Float64Array,
  { focalGamma, labelWeights }: LossOptions,
): number {
  let loss = 0;
  let total = 0;
  for (let label = 0; label < targets.length; label++) {
    const target = targets[label]! * (labelWeights?.[label] ?? 1);
    if (target > 0) loss += target * focal(probabilities[label]!, focalGamma);
    targets[label] = target > 0 ? target * focalFactor(probabilities[label]!, focalGamma) : 0;
    total += targets[label]!;
  }
  for (let label = 0; label < targets.length; label++) {
    probabilities[label] = probabilities[label]! * total - targets[label]!;
  }
  return loss;
}

/** Weights count where a label holds: the many rows where it does not keep their say. */
function focalSigmoid(
  probabilities: Float64Array,
  targets: Float64Array,
  { focalGamma, labelWeights }: LossOptions,
): number {
  let loss = 0;
  for (let label = 0; label < targets.length; label++) {
    const p = probabilities[label]!;
    const holds = targets[label]! * (labelWeights?.[label] ?? 1);
    const not = 1 - targets[label]!;
    loss += holds * focal(p, focalGamma) + not * focal(1 - p, focalGamma);
    probabilities[label] =
      holds * focalFactor(p, focalGamma) * (p - 1) + not * focalFactor(1 - p, focalGamma) * p;
  }
  return loss;
}

/**
 * What errors about labels count when label l, which n of N rows have, counts (N / n)^power beside the others: 0 is
 * all the same, 1 gives every label the same say. Weights are scaled so that a row counts one on average.
 */
export function labelWeightsOf(corpus: Corpus, labels: number, power: number): Float64Array | undefined {
  if (power === 0) return undefined;
  const counts = new Float64Array(labels);
  for (const label of corpus.labels) counts[label]!++;
  const weights = counts.map((count) => (corpus.labels.length / Math.max(1, count)) ** power);
  const mean =
    weights.reduce((sum, weight, label) => sum + weight * counts[label]!, 0) / corpus.labels.length;
  return weights.map((weight) => weight / mean);
}
