// Weighs the two halves of a language model against each other on held-out texts.
import type { ManifestOf } from '../../schemas/model-manifest.ts';

export type Mixture = ManifestOf<'language'>['mixture'];

/** What both halves say of held-out texts. */
export interface HalfAnswers {
  readonly labels: number;
  /** The true label of each text. */
  readonly truth: Int32Array;
  /** How much each text counts. */
  readonly weights: Float64Array;
  /** Log likelihoods by the characters, row-major, and the units they are of. */
  readonly likelihoods: Float64Array;
  readonly units: Int32Array;
  /** Logits of the n-grams, row-major. */
  readonly logits: Float32Array;
}

const start: Mixture = { characters: 0.7, ngram: 0.3, lengthPower: 0.3 };
const firstStep = 0.2;
const lastStep = 0.01;

/**
 * The mixture with the least surprise over the answers, by coordinate descent in steps that halve: rounded to four
 * places, more would show differences between machines.
 */
export function fitMixture(answers: HalfAnswers): Mixture {
  let best = start;
  let least = surprise(answers, best);
  for (let step = firstStep; step >= lastStep; ) {
    let isBetter = false;
    for (const name of ['characters', 'ngram', 'lengthPower'] as const) {
      for (const sign of [-1, 1]) {
        const value = Math.round(1e4 * Math.min(2, Math.max(0, best[name] + sign * step))) / 1e4;
        const moved = { ...best, [name]: name === 'lengthPower' ? Math.min(1, value) : value };
        const found = surprise(answers, moved);
        if (found >= least) continue;
        least = found;
        best = moved;
        isBetter = true;
      }
    }
    if (!isBetter) step /= 2;
  }
  return best;
}

/** Weighted mean log loss of a mixture. */
function surprise(answers: HalfAnswers, { characters, ngram, lengthPower }: Mixture): number {
  const { labels, truth, weights, likelihoods, units, logits } = answers;
  const row = new Float64Array(labels);
  let total = 0;
  let weighed = 0;
  for (let text = 0; text < truth.length; text++) {
    if (units[text] === 0) continue;
    const weight = characters / units[text]! ** lengthPower;
    let largest = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < labels; label++) {
      const at = text * labels + label;
      row[label] = weight * likelihoods[at]! + ngram * logits[at]!;
      if (row[label]! > largest) largest = row[label]!;
    }
    let sum = 0;
    for (let label = 0; label < labels; label++) sum += Math.exp(row[label]! - largest);
    total += weights[text]! * (Math.log(sum) + largest - row[truth[text]!]!);
    weighed += weights[text]!;
  }
  return total / Math.max(Number.MIN_VALUE, weighed);
}
