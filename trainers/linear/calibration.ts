// From scores to calibrated logits, on held-out rows: one temperature, a line for each label, a score below which
// nothing is known.
import { fitTemperature, type Truth } from '../evaluation/calibration.ts';
import type { Classifier } from './classifier.ts';

/** Scores of held-out rows, row-major, and what holds for them. */
export interface HeldOutScores {
  readonly scores: Float64Array;
  readonly labels: number;
  readonly truth: Truth;
}

/** Margins of a support vector machine lie near one; the search for a temperature expects logits. */
const marginScale = 8;

/** The temperature of a softmax over scores: what they are divided by. */
export function scoreTemperature({ scores, labels, truth }: HeldOutScores): number {
  const logits = scores.map((score) => score * marginScale);
  return fitTemperature({ logits, labels, activation: 'softmax', truth }) / marginScale;
}

/** A line: logit = slope x score + offset. */
export interface Line {
  readonly slope: number;
  readonly offset: number;
}

/** Held-out rows a label needs to be given a line of its own. */
const heldMin = 5;

/** A line for each label by Platt's method; labels that hold for few of the rows share the line of all. */
export function plattLines({ scores, labels, truth }: HeldOutScores): readonly Line[] {
  const holds = new Uint8Array(scores.length);
  for (let row = 0; row < truth.size; row++) {
    for (let at = truth.labelOffsets[row]!; at < truth.labelOffsets[row + 1]!; at++) {
      holds[row * labels + truth.labels[at]!] = 1;
    }
  }
  const shared = fitLine(scores, holds);
  return Array.from({ length: labels }, (_, label) => {
    const rows = Array.from({ length: truth.size }, (_, row) => row * labels + label);
    const held = rows.filter((at) => holds[at] === 1).length;
    if (held < heldMin || truth.size - held < heldMin) return shared;
    return fitLine(
      Float64Array.from(rows, (at) => scores[at]!),
      Uint8Array.from(rows, (at) => holds[at]!),
    );
  });
}

/**
 * The line under which it is least surprising what holds (Platt 1999, with the targets he smooths by; Newton steps
 * with halving after Lin, Lin and Weng 2007).
 */
export function fitLine(scores: Float64Array, holds: Uint8Array): Line {
  const held = holds.reduce((sum, value) => sum + value, 0);
  const others = holds.length - held;
  const targets = Float64Array.from(holds, (value) =>
    value === 1 ? (held + 1) / (held + 2) : 1 / (others + 2),
  );
  let slope = 0;
  let offset = Math.log((held + 1) / (others + 1));
  let loss = lossOf(scores, targets, slope, offset);
  for (let step = 0; step < 100; step++) {
    const { first, second, h11, h12, h22 } = derivatives(scores, targets, slope, offset);
    if (Math.abs(first) < 1e-6 && Math.abs(second) < 1e-6) break;
    const determinant = h11 * h22 - h12 * h12;
    const bySlope = -(h22 * first - h12 * second) / determinant;
    const byOffset = -(h11 * second - h12 * first) / determinant;
    let length = 1;
    for (; length > 1e-10; length /= 2) {
      const next = lossOf(scores, targets, slope + length * bySlope, offset + length * byOffset);
      if (next >= loss) continue;
      slope += length * bySlope;
      offset += length * byOffset;
      loss = next;
      break;
    }
    if (length <= 1e-10) break;
  }
  return { slope, offset };
}

/** Cross entropy, written so that no exponential overflows. */
function lossOf(scores: Float64Array, targets: Float64Array, slope: number, offset: number): number {
  let loss = 0;
  for (let at = 0; at < scores.length; at++) {
    const logit = slope * scores[at]! + offset;
    loss += Math.max(logit, 0) - targets[at]! * logit + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return loss;
}

function derivatives(scores: Float64Array, targets: Float64Array, slope: number, offset: number) {
  let [first, second, h11, h12, h22] = [0, 0, 1e-12, 0, 1e-12];
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at]!;
    const probability = 1 / (1 + Math.exp(-(slope * score + offset)));
    const error = probability - targets[at]!;
    const weight = probability * (1 - probability);
    first += error * score;
    second += error;
    h11 += weight * score * score;
    h12 += weight * score;
    h22 += weight;
  }
  return { first, second, h11, h12, h22 };
}

/** Without held-out rows margins are taken four-fold, which is about what they turn out to be worth. */
export const uncalibratedSlope = { 'squared-hinge': 4, logistic: 1 };

/** The classifier whose scores are logits. */
export function applyLines(classifier: Classifier, lines: readonly Line[]): Classifier {
  return {
    ...classifier,
    scales: classifier.scales.map((scale, label) => scale * lines[label]!.slope),
    bias: classifier.bias.map((bias, label) => bias * lines[label]!.slope + lines[label]!.offset),
  };
}

/**
 * The score of the out-of-scope label: the largest under which at most `lossMax` of the held-out rows in scope lose
 * their right answer to it. Rows that are out of scope are not looked at, so the choice asks for none.
 */
export function outOfScopeScore(
  { scores, labels, truth }: HeldOutScores,
  label: number,
  lossMax: number,
): number {
  const rightScores: number[] = [];
  let inScope = 0;
  for (let row = 0; row < truth.size; row++) {
    const held = truth.labels.subarray(truth.labelOffsets[row]!, truth.labelOffsets[row + 1]!);
    if (held.includes(label)) continue;
    inScope++;
    let leading = label === 0 ? 1 : 0;
    for (let other = 0; other < labels; other++) {
      if (other !== label && scores[row * labels + other]! > scores[row * labels + leading]!) leading = other;
    }
    if (held.includes(leading)) rightScores.push(scores[row * labels + leading]!);
  }
  rightScores.sort((a, b) => a - b);
  const lost = Math.min(Math.floor(lossMax * inScope), rightScores.length - 1);
  return rightScores[lost] ?? 0;
}
