// Calibration on held-out rows: one temperature for the logits, and for multi-label tasks a threshold for each label.
import type { Corpus } from './corpus.ts';
import { activate, classify, type Network, pool } from './network.ts';

/** Logits of every row of a corpus, row-major. */
export function logitsOf(network: Network, corpus: Corpus): Float64Array {
  const labels = network.bias.length;
  const all = new Float64Array(corpus.size * labels);
  const pooled = new Float64Array(2 * network.dimensions);
  for (let row = 0; row < corpus.size; row++) {
    pool(network, corpus.ids, corpus.offsets[row]!, corpus.offsets[row + 1]!, pooled);
    classify(network, pooled, all.subarray(row * labels, (row + 1) * labels));
  }
  return all;
}

/**
 * The temperature under which it is least surprising whether the leading label of held-out rows holds (Guo et al. 2017, arXiv:1706.04599), found by
 * golden-section search over its logarithm.
 */
export function fitTemperature(network: Network, corpus: Corpus): number {
  if (corpus.size === 0) return 1;
  const logits = logitsOf(network, corpus);
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = Math.log(0.1);
  let high = Math.log(10);
  for (let step = 0; step < 40; step++) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (
      surprise(network, corpus, logits, Math.exp(left)) < surprise(network, corpus, logits, Math.exp(right))
    ) {
      high = right;
    } else low = left;
  }
  return Math.round(Math.exp((low + high) / 2) * 1e4) / 1e4;
}

/** Mean log loss of the confidence in the leading label: that is the probability people are shown. */
function surprise(network: Network, corpus: Corpus, logits: Float64Array, temperature: number): number {
  const labels = network.bias.length;
  const row = new Float64Array(labels);
  let total = 0;
  for (let at = 0; at < corpus.size; at++) {
    for (let label = 0; label < labels; label++) row[label] = logits[at * labels + label]! / temperature;
    activate(row, network.shape.activation);
    const leading = row.indexOf(Math.max(...row));
    const holds = corpus.labels
      .subarray(corpus.labelOffsets[at]!, corpus.labelOffsets[at + 1]!)
      .includes(leading);
    const confidence = Math.min(Math.max(row[leading]!, 1e-9), 1 - 1e-9);
    total -= Math.log(holds ? confidence : 1 - confidence);
  }
  return total / corpus.size;
}

/** For each label the probability from which calling it gives the best F1 on held-out rows. */
export function fitThresholds(network: Network, corpus: Corpus): readonly number[] {
  const labels = network.bias.length;
  const probabilities = logitsOf(network, corpus);
  for (let row = 0; row < corpus.size; row++) {
    activate(probabilities.subarray(row * labels, (row + 1) * labels), network.shape.activation);
  }
  const holds = new Uint8Array(corpus.size * labels);
  for (let row = 0; row < corpus.size; row++) {
    for (let at = corpus.labelOffsets[row]!; at < corpus.labelOffsets[row + 1]!; at++) {
      holds[row * labels + corpus.labels[at]!] = 1;
    }
  }
  return Array.from({ length: labels }, (_, label) => bestThreshold(probabilities, holds, label, labels));
}

function bestThreshold(
  probabilities: Float64Array,
  holds: Uint8Array,
  label: number,
  labels: number,
): number {
  let positives = 0;
  for (let at = label; at < holds.length; at += labels) positives += holds[at]!;
  let best = 0.5;
  let bestF1 = -1;
  for (let percent = 2; percent <= 90; percent += 2) {
    let called = 0;
    let right = 0;
    for (let at = label; at < holds.length; at += labels) {
      if (probabilities[at]! < percent / 100) continue;
      called++;
      right += holds[at]!;
    }
    const f1 = (2 * right) / Math.max(1, called + positives);
    if (f1 > bestF1) {
      bestF1 = f1;
      best = percent / 100;
    }
  }
  return best;
}
