// Tests that may be looked at after every message: the chance that a difference is ever claimed where there is none
// stays below α however often one looks and whenever one stops. All of them need sums alone, not the order of messages.

/** Messages that both releases answered and that have a label. */
export interface PairTally {
  readonly bothCorrect: number;
  readonly controlOnly: number;
  readonly treatmentOnly: number;
  readonly bothWrong: number;
}

/** Successes among trials of one arm. */
export interface Share {
  readonly successes: number;
  readonly trials: number;
}

export interface SequentialResult {
  /** Accuracy of the treatment less that of the control. */
  readonly effect: number;
  /** Holds the true effect at every look at once, with a probability of 1 − α. */
  readonly interval: readonly [low: number, high: number];
  /** Evidence against “no difference”: its mean is 1 at any stop when there is none; 1/α is enough to say so. */
  readonly eValue: number;
}

/** Sizes of the bets of a mixture: an eighth to a half of the wealth finds large differences, a hundredth small ones. */
const bets = [0.005, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.4, 0.5];

/**
 * Difference of two releases on the same messages. Each message is worth +1 (only the treatment is right), −1 (only the
 * control) or 0. Who bets a constant part λ of his wealth on the mean being above d has Π(1 + λ(Dᵢ − d)), a fair or
 * losing game where it is not (Waudby-Smith and Ramdas, “Estimating means of bounded random variables by betting”, 2024);
 * with constant bets the wealth is known from the four counts. Several bettors of different λ share the stake. Exact:
 * nothing is assumed but that messages’ conditional mean difference is d.
 */
export function pairedTest(tally: PairTally, alpha: number): SequentialResult {
  const { bothCorrect, bothWrong, controlOnly, treatmentOnly } = tally;
  const messages = bothCorrect + bothWrong + controlOnly + treatmentOnly;
  if (messages === 0) return nothingKnown;
  const effect = (treatmentOnly - controlOnly) / messages;
  const enough = Math.log(2 / alpha);
  const above = (d: number) => pairedWealth(tally, d, 1);
  const below = (d: number) => pairedWealth(tally, d, -1);
  const low = crossing(-1, effect, (d) => above(d) - enough);
  const high = crossing(1, effect, (d) => below(d) - enough);
  return { effect, interval: [low, high], eValue: (Math.exp(above(0)) + Math.exp(below(0))) / 2 };
}

/** Logarithm of what the bettors on a mean above (`side` 1) or below (−1) d have made of 1. */
function pairedWealth(tally: PairTally, d: number, side: 1 | -1): number {
  const { bothCorrect, bothWrong, controlOnly, treatmentOnly } = tally;
  return logMean(
    bets.map((bet) => {
      const part = bet * side;
      return (
        treatmentOnly * Math.log(1 + part * (1 - d)) +
        (bothCorrect + bothWrong) * Math.log(1 - part * d) +
        controlOnly * Math.log(1 - part * (1 + d))
      );
    }),
  );
}

/**
 * Difference of two releases on different messages: the mixture sequential probability ratio test for a difference of
 * proportions (Johari, Pekelis and Walsh, “Always valid inference”, 2015; Robbins, 1970). Effects are weighed by a normal
 * density of deviation `spread`; the evidence is √(V/(V+τ²))·exp(τ²·δ²/(2V(V+τ²))), V the variance of the difference δ.
 * It rests on the central limit theorem: ask for a least number of trials per arm before it is believed. An arm that has
 * hardly failed yet would look surer than it is: its variance is that of both arms together at least, and each has one
 * success and one failure more.
 */
export function unpairedTest(
  control: Share,
  treatment: Share,
  { alpha, spread }: { readonly alpha: number; readonly spread: number },
): SequentialResult {
  if (control.trials === 0 || treatment.trials === 0) return nothingKnown;
  const effect = treatment.successes / treatment.trials - control.successes / control.trials;
  const pooled = varianceOf({
    successes: control.successes + treatment.successes,
    trials: control.trials + treatment.trials,
  });
  const variance = [control, treatment].reduce(
    (sum, arm) => sum + Math.max(varianceOf(arm), pooled) / arm.trials,
    0,
  );
  const prior = spread ** 2;
  const both = variance + prior;
  const logE = 0.5 * Math.log(variance / both) + (prior * effect ** 2) / (2 * variance * both);
  const reach = Math.sqrt(
    ((2 * variance * both) / prior) * (0.5 * Math.log(both / variance) - Math.log(alpha)),
  );
  return {
    effect,
    interval: [Math.max(-1, effect - reach), Math.min(1, effect + reach)],
    eValue: Math.exp(logE),
  };
}

function varianceOf({ successes, trials }: Share): number {
  const share = (successes + 1) / (trials + 2);
  return share * (1 - share);
}

/**
 * Logarithm of the evidence that a mean of values between 0 and 1 is above `mean`, from their sum alone. For a value x
 * and any q > mean, (q/mean)ˣ·((1−q)/(1−mean))¹⁻ˣ has at most the mean 1 where the values’ mean is at most `mean` (the
 * chord lies above the exponential curve; equality for events, x 0 or 1). Several q share the stake.
 */
export function evidenceAbove({ successes, trials }: Share, mean: number): number {
  if (trials === 0 || mean >= 1) return 0;
  const floor = Math.max(mean, rateMin);
  return logMean(
    bets.map((bet) => {
      const q = floor + bet * (1 - floor);
      return successes * Math.log(q / floor) + (trials - successes) * Math.log((1 - q) / (1 - floor));
    }),
  );
}

/** A mean of 0 would be refuted for good by a single event. */
const rateMin = 1e-4;

/** Below this bound the mean lies at every look at once, with a probability of 1 − α. */
export function upperBound({ successes, trials }: Share, alpha: number): number {
  if (trials === 0) return 1;
  const enough = Math.log(1 / alpha);
  const failures = { successes: trials - successes, trials };
  return crossing(1, successes / trials, (mean) => evidenceAbove(failures, 1 - mean) - enough);
}

const nothingKnown: SequentialResult = { effect: 0, interval: [-1, 1], eValue: 1 };

/** Logarithm of the mean of exponentials. */
function logMean(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / logs.length);
}

/**
 * Where `surplus` crosses 0 on the way from `far`, where it is positive if anywhere, to `near`; `far` where it is not.
 * Regula falsi as in Illinois (Dowell and Jarratt, 1971): a tenth of bisection’s steps. What is returned is refuted.
 */
function crossing(far: number, near: number, surplus: (value: number) => number): number {
  let above = { at: far, surplus: surplus(far) };
  if (above.surplus < 0) return far;
  let below = { at: near, surplus: surplus(near) };
  let last = 0;
  for (let step = 0; step < 100 && Math.abs(above.at - below.at) > 1e-9; step++) {
    const at = above.at + ((below.at - above.at) * above.surplus) / (above.surplus - below.surplus);
    const found = { at, surplus: surplus(at) };
    if (found.surplus >= 0) {
      // An end that stays twice loses half its weight, or it would stay for good.
      if (last === 1) below = { ...below, surplus: below.surplus / 2 };
      above = found;
    } else {
      if (last === -1) above = { ...above, surplus: above.surplus / 2 };
      below = found;
    }
    last = Math.sign(found.surplus) || 1;
    if (found.surplus >= 0 && found.surplus < 1e-9) break;
  }
  return above.at;
}
