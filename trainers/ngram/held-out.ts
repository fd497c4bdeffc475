// How good a network is on dev rows while it is trained: what early stopping and searches go by.
import { activate } from '../evaluation/activation.ts';
import { fitThresholds } from '../evaluation/calibration.ts';
import type { Corpus } from './corpus.ts';
import { logitsOf, type Network } from './network.ts';

/**
 * The score on dev rows, 0–1, higher is better: macro-F1 of the leading label (softmax) or of the labels at their best
 * thresholds (sigmoid); for ordered labels one minus the mean distance between expected and right label, as a share of
 * the largest there is.
 */
export function devScore(network: Network, dev: Corpus, isOrdinal: boolean): number {
  const labels = network.bias.length;
  const { activation } = network.shape;
  const logits = logitsOf(network, dev);
  const called = new Uint8Array(logits.length);
  const thresholds =
    activation === 'sigmoid' ? fitThresholds({ logits, labels, activation, truth: dev }) : undefined;
  let distance = 0;
  for (let row = 0; row < dev.size; row++) {
    const probabilities = logits.subarray(row * labels, (row + 1) * labels);
    activate(probabilities, activation);
    if (isOrdinal) distance += distanceOf(probabilities, dev, row);
    if (thresholds === undefined) {
      let leading = 0;
      for (let label = 1; label < labels; label++) {
        if (probabilities[label]! > probabilities[leading]!) leading = label;
      }
      called[row * labels + leading] = 1;
    } else {
      for (let label = 0; label < labels; label++) {
        called[row * labels + label] = probabilities[label]! >= thresholds[label]! ? 1 : 0;
      }
    }
  }
  if (isOrdinal) return 1 - distance / Math.max(1, dev.size) / Math.max(1, labels - 1);
  return macroF1(called, dev, labels);
}

function distanceOf(probabilities: Float64Array, { labels, labelOffsets }: Corpus, row: number): number {
  const expected = probabilities.reduce((sum, probability, label) => sum + probability * label, 0);
  return Math.abs(expected - labels[labelOffsets[row]!]!);
}

/** Labels that neither hold nor are called say nothing and are left out. */
function macroF1(called: Uint8Array, dev: Corpus, labels: number): number {
  const right = new Float64Array(labels);
  const total = new Float64Array(labels);
  for (let at = 0; at < called.length; at++) total[at % labels]! += called[at]!;
  for (let row = 0; row < dev.size; row++) {
    for (let at = dev.labelOffsets[row]!; at < dev.labelOffsets[row + 1]!; at++) {
      const label = dev.labels[at]!;
      total[label]!++;
      right[label]! += called[row * labels + label]!;
    }
  }
  const scores = Array.from(total, (all, label) => (all > 0 ? (2 * right[label]!) / all : -1)).filter(
    (score) => score >= 0,
  );
  return scores.length > 0 ? scores.reduce((sum, score) => sum + score, 0) / scores.length : 0;
}

/** Watches the score on dev: keeps the best weights, and says when to stop. */
export class EarlyStopping {
  readonly #dev: Corpus;
  readonly #patience: number;
  readonly #isOrdinal: boolean;
  readonly #onEpoch: ((epoch: number, score: number) => 'go-on' | 'stop') | undefined;
  #best = Number.NEGATIVE_INFINITY;
  #bestEpoch = 0;
  #kept: Pick<Network, 'table' | 'output' | 'bias'> | undefined;

  /** Without `patience` (0) it only tells `onEpoch` the scores, and the last weights stay. */
  constructor(
    dev: Corpus,
    options: {
      readonly patience: number;
      readonly isOrdinal: boolean;
      readonly onEpoch?: ((epoch: number, score: number) => 'go-on' | 'stop') | undefined;
    },
  ) {
    this.#dev = dev;
    this.#patience = options.patience;
    this.#isOrdinal = options.isOrdinal;
    this.#onEpoch = options.onEpoch;
  }

  /** Judges the network after an epoch. */
  afterEpoch(epoch: number, network: Network): 'go-on' | 'stop' {
    if (this.#patience === 0 && this.#onEpoch === undefined) return 'go-on';
    const score = devScore(network, this.#dev, this.#isOrdinal);
    const told = this.#onEpoch?.(epoch, score) ?? 'go-on';
    if (this.#patience === 0) return told;
    if (score > this.#best) {
      this.#best = score;
      this.#bestEpoch = epoch;
      const { table, output, bias } = network;
      this.#kept = { table: table.slice(), output: output.slice(), bias: bias.slice() };
    }
    return epoch - this.#bestEpoch >= this.#patience ? 'stop' : told;
  }

  /** The network with the weights that scored best. */
  best(network: Network): Network {
    return this.#kept === undefined ? network : { ...network, ...this.#kept };
  }
}
