// Calibration on held-out rows: one temperature for the logits, and for multi-label tasks a threshold for each label.
import { calibrated } from '../../processors/inference/calibration.ts';
import { activate } from './activation.ts';
import { fitIsotonic } from './isotonic.ts';
import { fitPlatt, logOdds, plattProbability } from './platt.ts';

/** Which labels hold: row i has the label indices [labelOffsets[i], labelOffsets[i+1]) of `labels`. */
export interface Truth {
  readonly size: number;
  readonly labels: Int32Array;
  readonly labelOffsets: Int32Array;
}

/** Logits of held-out rows, row-major, and what holds for them. */
export interface HeldOut {
  readonly logits: Float64Array;
  /** Number of labels. */
  readonly labels: number;
  readonly activation: 'softmax' | 'sigmoid';
  readonly truth: Truth;
}

/**
 * The temperature under which it is least surprising whether the leading label of held-out rows holds (Guo et al. 2017, arXiv:1706.04599), found by
 * golden-section search over its logarithm.
 */
export function fitTemperature(heldOut: HeldOut): number {
  if (heldOut.truth.size === 0) return 1;
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = Math.log(0.1);
  let high = Math.log(10);
  for (let step = 0; step < 40; step++) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (surprise(heldOut, Math.exp(left)) < surprise(heldOut, Math.exp(right))) high = right;
    else low = left;
  }
  return Math.round(Math.exp((low + high) / 2) * 1e4) / 1e4;
}

/** Mean log loss of the confidence in the leading label: that is the probability people are shown. */
function surprise(heldOut: HeldOut, temperature: number): number {
  const { confidences, holds } = leadingOf(heldOut, temperature);
  return surpriseOf(confidences, holds) / holds.length;
}

function surpriseOf(confidences: Float64Array, holds: Uint8Array): number {
  let total = 0;
  for (let row = 0; row < holds.length; row++) {
    const confidence = Math.min(Math.max(confidences[row]!, 1e-9), 1 - 1e-9);
    total -= Math.log(holds[row] ? confidence : 1 - confidence);
  }
  return total;
}

/** The confidence in the leading label of each row, and whether that label holds. */
function leadingOf({ logits, labels, activation, truth }: HeldOut, temperature: number) {
  const row = new Float64Array(labels);
  const confidences = new Float64Array(truth.size);
  const holds = new Uint8Array(truth.size);
  for (let at = 0; at < truth.size; at++) {
    for (let label = 0; label < labels; label++) row[label] = logits[at * labels + label]! / temperature;
    activate(row, activation);
    const leading = row.indexOf(Math.max(...row));
    confidences[at] = row[leading]!;
    holds[at] = truth.labels.subarray(truth.labelOffsets[at]!, truth.labelOffsets[at + 1]!).includes(leading)
      ? 1
      : 0;
  }
  return { confidences, holds };
}

/** For each label the probability from which calling it gives the best F1 on held-out rows. */
export function fitThresholds({ logits, labels, activation, truth }: HeldOut): readonly number[] {
  const probabilities = logits.slice();
  for (let row = 0; row < truth.size; row++) {
    activate(probabilities.subarray(row * labels, (row + 1) * labels), activation);
  }
  const holds = new Uint8Array(truth.size * labels);
  for (let row = 0; row < truth.size; row++) {
    for (let at = truth.labelOffsets[row]!; at < truth.labelOffsets[row + 1]!; at++) {
      holds[row * labels + truth.labels[at]!] = 1;
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

export type CalibrationMethod = 'none' | 'temperature' | 'platt' | 'isotonic';

const folds = 5;

/**
 * Mean log loss of the confidence in the leading label after each way to calibrate it, every row judged by a fit on
 * the other four fifths: more freedom must earn its keep. Rows go to the fifths in turn.
 */
export function compareCalibrations(heldOut: HeldOut): Readonly<Record<CalibrationMethod, number>> {
  const loss = { none: 0, temperature: 0, platt: 0, isotonic: 0 };
  const rows = Array.from({ length: heldOut.truth.size }, (_, row) => row);
  for (let fold = 0; fold < Math.min(folds, rows.length); fold++) {
    const others = rowsOf(
      heldOut,
      rows.filter((row) => row % folds !== fold),
    );
    const judged = rowsOf(
      heldOut,
      rows.filter((row) => row % folds === fold),
    );
    const seen = leadingOf(others, 1);
    const platt = fitPlatt(seen.confidences.map(logOdds), seen.holds);
    const curve = fitIsotonic(seen.confidences, seen.holds);
    const plain = leadingOf(judged, 1);
    loss.none += surpriseOf(plain.confidences, plain.holds);
    loss.temperature += judged.truth.size * surprise(judged, fitTemperature(others));
    loss.platt += surpriseOf(
      plain.confidences.map((confidence) => plattProbability(platt, logOdds(confidence))),
      plain.holds,
    );
    loss.isotonic += surpriseOf(
      plain.confidences.map((confidence) => calibrated(curve, confidence)),
      plain.holds,
    );
  }
  const mean = (sum: number) => sum / rows.length;
  return {
    none: mean(loss.none),
    temperature: mean(loss.temperature),
    platt: mean(loss.platt),
    isotonic: mean(loss.isotonic),
  };
}

/** Some of the rows. */
function rowsOf({ logits, labels, activation, truth }: HeldOut, rows: readonly number[]): HeldOut {
  const sets = rows.map((row) =>
    truth.labels.subarray(truth.labelOffsets[row]!, truth.labelOffsets[row + 1]!),
  );
  const labelOffsets = new Int32Array(rows.length + 1);
  sets.forEach((set, at) => {
    labelOffsets[at + 1] = labelOffsets[at]! + set.length;
  });
  const picked = new Float64Array(rows.length * labels);
  rows.forEach((row, at) => {
    picked.set(logits.subarray(row * labels, (row + 1) * labels), at * labels);
  });
  const packed = Int32Array.from(sets.flatMap((set) => [...set]));
  return { logits: picked, labels, activation, truth: { size: rows.length, labels: packed, labelOffsets } };
}
