// Tests that may be looked at once, at a size planned before: more sensitive than those that may be looked at always
// (sequential-test.ts), and wrong as soon as one looks twice.
import type { PairTally, Share } from './sequential-test.ts';

/** Chance of a difference this large, either way, between two arms of the same rate: z test with a pooled rate. */
export function twoProportionP(control: Share, treatment: Share): number {
  const { pooled, size } = pool(control, treatment);
  const variance = (pooled * (1 - pooled)) / size;
  if (!(variance > 0)) return 1;
  const effect = treatment.successes / treatment.trials - control.successes / control.trials;
  return Math.min(1, 2 * normalTail(Math.abs(effect) / Math.sqrt(variance)));
}

/** McNemar’s exact test: chance that messages which only one release got right fall so unevenly, either way. */
export function mcNemarP({ controlOnly, treatmentOnly }: PairTally): number {
  const discordant = controlOnly + treatmentOnly;
  const fewer = Math.min(controlOnly, treatmentOnly);
  let logTerm = -discordant * Math.LN2;
  let tail = 0;
  for (let heads = 0; heads <= fewer; heads++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((discordant - heads) / (heads + 1));
  }
  return Math.min(1, 2 * tail);
}

/** An effect, and how surely it is to be found when it is there: at level `alpha`, two-sided, with chance `power`. */
export interface Plan {
  readonly effectMin: number;
  readonly alpha: number;
  readonly power: number;
}

/**
 * How far two arms are towards the planned size; 1 and more: there. Unequal arms count as their harmonic size n·m/(n+m).
 * The planned size follows the pooled rate, which tells nothing about the difference.
 */
export function unpairedProgress(control: Share, treatment: Share, plan: Plan): number {
  const { pooled, size } = pool(control, treatment);
  return size > 0 ? size / harmonicSize(Math.max(pooled * (1 - pooled), varianceMin), plan) : 0;
}

/** The same of pairs: the planned size follows the share of messages that only one release got right (Connor, 1987). */
export function pairedProgress(tally: PairTally, plan: Plan): number {
  const discordant = tally.controlOnly + tally.treatmentOnly;
  const messages = tally.bothCorrect + tally.bothWrong + discordant;
  return messages > 0 ? messages / harmonicSize(Math.max(discordant / messages, varianceMin), plan) : 0;
}

/** Labelled messages of the treatment that a plan needs, when the control has `controlPerTreatment` times as many. */
export function plannedTreatment(rate: number, controlPerTreatment: number, plan: Plan): number {
  const size = harmonicSize(rate * (1 - rate), plan);
  return Math.ceil((size * (1 + controlPerTreatment)) / controlPerTreatment);
}

/** Where nothing has failed yet, a few messages must not look like a planned size. */
const varianceMin = 0.01;

function harmonicSize(variance: number, { effectMin, alpha, power }: Plan): number {
  return variance * ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / effectMin) ** 2;
}

function pool(control: Share, treatment: Share): { readonly pooled: number; readonly size: number } {
  const trials = control.trials + treatment.trials;
  return trials === 0
    ? { pooled: 0, size: 0 }
    : {
        pooled: (control.successes + treatment.successes) / trials,
        size: (control.trials * treatment.trials) / trials,
      };
}

/** Probability that a standard normal number is above z ≥ 0: Marsaglia’s series (2004), beyond 5 Laplace’s fraction. */
export function normalTail(z: number): number {
  const density = Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 5) {
    let fraction = z;
    for (let n = 60; n > 0; n--) fraction = z + n / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let n = 3; term > sum * 1e-17; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 - density * sum;
}

/** The number that a standard normal number is below with a probability between 0 and 1 (Newton’s method). */
export function normalQuantile(probability: number): number {
  if (probability < 0.5) return -normalQuantile(1 - probability);
  const tail = 1 - probability;
  let z = 0;
  // The tail is convex above 0: every step comes nearer from below.
  for (let step = 0; step < 100; step++) {
    const density = Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);
    const further = (normalTail(z) - tail) / density;
    z += further;
    if (further < 1e-13) break;
  }
  return z;
}
