// What a candidate must not do, watched beside the decision in shadow and in canary, mostly without labels. Guardrails
// may be looked at after every message: the chance that one of them ever turns back a candidate that keeps to all of
// them stays below the limits’ alpha. Latency has none of its own: a candidate that is late has failed.
import type { ArmTally } from './decision.ts';
import { evidenceAbove, type Share, upperBound } from './sequential-test.ts';

export type GuardrailName = 'errors' | 'abstentions' | 'disagreement' | 'expected-accuracy' | 'accuracy';

export interface GuardrailLimits {
  /** Chance that any guardrail ever turns back a candidate that keeps to the limits. */
  readonly alpha: number;
  /** Share of failed and late messages that the treatment may have above the control’s. */
  readonly errorsRise: number;
  /** The same of messages that the release would rather not answer. */
  readonly abstentionsRise: number;
  /** Share of compared messages that both may answer differently. */
  readonly disagreementMax: number;
  /** What the mean confidence, the expected accuracy, may be below the control’s. */
  readonly expectedAccuracyDrop: number;
  /** What the accuracy on labelled messages may be below the control’s. */
  readonly accuracyDrop: number;
}

export const usualLimits: GuardrailLimits = {
  alpha: 0.01,
  errorsRise: 0.01,
  abstentionsRise: 0.1,
  disagreementMax: 0.4,
  expectedAccuracyDrop: 0.05,
  accuracyDrop: 0.03,
};

export interface Breach {
  readonly name: GuardrailName;
  /** What was seen: the treatment’s share above the control’s, the share of disagreements. */
  readonly value: number;
  readonly limit: number;
  readonly says: string;
}

/** A share that must not exceed the control’s by more than `rise`; `control` null: that must not exceed `rise`. */
interface Watched {
  readonly name: GuardrailName;
  readonly what: string;
  readonly control: Share | null;
  readonly treatment: Share;
  readonly rise: number;
}

/** Guardrails that the treatment has broken, none as long as chance may have done it. */
export function breaches(control: ArmTally, treatment: ArmTally, limits: GuardrailLimits): readonly Breach[] {
  return watched(control, treatment, limits)
    .filter((guardrail) => isBroken(guardrail, limits))
    .map(breachOf);
}

function watched(control: ArmTally, treatment: ArmTally, limits: GuardrailLimits): readonly Watched[] {
  const both = (share: (tally: ArmTally) => Share) => ({
    control: share(control),
    treatment: share(treatment),
  });
  return [
    {
      name: 'errors',
      what: 'failed or late messages',
      ...both(({ errors, messages }) => ({ successes: errors, trials: messages })),
      rise: limits.errorsRise,
    },
    {
      name: 'abstentions',
      what: 'abstentions',
      ...both(({ abstained, messages }) => ({ successes: abstained, trials: messages })),
      rise: limits.abstentionsRise,
    },
    {
      name: 'disagreement',
      what: 'answers other than the control’s',
      control: null,
      treatment: { successes: treatment.disagreements ?? 0, trials: treatment.compared ?? 0 },
      rise: limits.disagreementMax,
    },
    {
      name: 'expected-accuracy',
      what: 'errors expected by confidence',
      ...both(({ confidenceSum, messages, errors }) => ({
        successes: messages - errors - confidenceSum,
        trials: messages - errors,
      })),
      rise: limits.expectedAccuracyDrop,
    },
    {
      name: 'accuracy',
      what: 'wrong answers among labelled',
      ...both(({ labelled, correct }) => ({ successes: labelled - correct, trials: labelled })),
      rise: limits.accuracyDrop,
    },
  ];
}

/** Guardrails among which alpha is divided. */
const watchedCount = 5;

/**
 * Half of a guardrail’s alpha is for the control’s share, which is only known from its messages, half for the treatment’s
 * being above that bound and the rise.
 */
function isBroken({ control, treatment, rise }: Omit<Watched, 'what'>, { alpha }: GuardrailLimits): boolean {
  const half = alpha / watchedCount / 2;
  const enough = Math.log(1 / half);
  const seen = rise + (control ? control.successes / Math.max(1, control.trials) : 0);
  if (treatment.successes <= seen * treatment.trials || evidenceAbove(treatment, seen) < enough) return false;
  return control === null || evidenceAbove(treatment, rise + upperBound(control, half)) >= enough;
}

function breachOf({ name, what, control, treatment, rise }: Watched): Breach {
  const before = control ? control.successes / Math.max(1, control.trials) : null;
  const share = treatment.successes / treatment.trials;
  const than = before === null ? `${percent(rise)} allowed` : `${percent(before)} of the control`;
  return {
    name,
    value: share - (before ?? 0),
    limit: rise,
    says: `${percent(share)} ${what} of ${treatment.trials} messages, against ${than}`,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A candidate that breaks a guardrail, and how the traffic is divided. */
export interface Fault {
  readonly name: GuardrailName;
  /** True shares of what the guardrail counts (failures, abstentions, disagreements, one minus confidence, errors). */
  readonly control: number;
  readonly treatment: number;
  /** Messages of the control per message of the treatment: 1 in shadow, 9 in a canary of 10 %. */
  readonly controlPerTreatment: number;
}

/**
 * Messages of the treatment (labelled ones for `accuracy`, compared ones for `disagreement`) after which such a candidate
 * has been turned back, 95 times of 100; infinite where it keeps to the limit. For confidences it is an upper bound: they
 * vary less than events of the same mean.
 */
export function messagesUntilBreach(fault: Fault, limits: GuardrailLimits): number {
  const rise = limits[riseOf[fault.name]];
  const isFound = (messages: number) => isBroken(unlucky(fault, messages, rise), limits);
  let high = 1;
  while (high < messagesMax && !isFound(high)) high *= 2;
  if (high >= messagesMax) return Number.POSITIVE_INFINITY;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isFound(middle)) high = middle;
    else low = middle;
  }
  return Math.ceil(high);
}

const messagesMax = 2 ** 30;

const riseOf = {
  errors: 'errorsRise',
  abstentions: 'abstentionsRise',
  disagreement: 'disagreementMax',
  'expected-accuracy': 'expectedAccuracyDrop',
  accuracy: 'accuracyDrop',
} as const;

/** Counts that 95 of 100 experiments exceed: 1 in 40 on either side. */
function unlucky(
  { name, control, treatment, controlPerTreatment }: Fault,
  messages: number,
  rise: number,
): Omit<Watched, 'what'> {
  const deviation = 1.96;
  const count = (share: number, trials: number, side: 1 | -1): Share => {
    const successes = share * trials + side * deviation * Math.sqrt(trials * share * (1 - share));
    return { successes: Math.min(trials, Math.max(0, successes)), trials };
  };
  return {
    name,
    control: name === 'disagreement' ? null : count(control, messages * controlPerTreatment, 1),
    treatment: count(treatment, messages, -1),
    rise,
  };
}
