// What an experiment decides at a look: the treatment is deployed, the control kept, or the experiment goes on.
// The rule, and what it promises, is written down in docs/decisions.md.
import { mcNemarP, type Plan, pairedProgress, twoProportionP, unpairedProgress } from './fixed-horizon.ts';
import { breaches, type GuardrailLimits, usualLimits } from './guardrails.ts';
import {
  type PairTally,
  pairedTest,
  type SequentialResult,
  type Share,
  unpairedTest,
} from './sequential-test.ts';

/** What an arm has done so far, from the beginning of the stage. */
export interface ArmTally {
  readonly messages: number;
  /** Messages with a label, and those of them whose answer was the label. */
  readonly labelled: number;
  readonly correct: number;
  /** Sum of the calibrated confidences of the messages’ answers. */
  readonly confidenceSum: number;
  readonly abstained: number;
  /** Failed, or late. */
  readonly errors: number;
  /** Messages that both releases answered, and those of them that they answered differently: the treatment’s tally. */
  readonly compared?: number;
  readonly disagreements?: number;
}

export interface DecisionRules {
  /** Effect on accuracy that is worth a deployment. */
  readonly effectMin: number;
  /** Chance of a wrong word about a treatment that is just as good, both ways together, however often one looks. */
  readonly alpha: number;
  /** Chance that the fixed-horizon test finds an effect of `effectMin` at its planned size. */
  readonly power: number;
  /** Labelled messages of each arm before which labels decide nothing. */
  readonly labelledMin: number;
  readonly guardrails: GuardrailLimits;
}

export const usualRules: DecisionRules = {
  effectMin: 0.02,
  alpha: 0.05,
  power: 0.8,
  labelledMin: 100,
  guardrails: usualLimits,
};

export interface ExperimentDecision {
  readonly decision: 'DEPLOY_TREATMENT' | 'KEEP_CONTROL' | 'CONTINUE_EXPERIMENT';
  /** Accuracy of the treatment less that of the control, so far. */
  readonly effect: number;
  /** Holds the true effect at every look at once, with a probability of 1 − alpha/2. */
  readonly interval: readonly [low: number, high: number];
  /** Evidence against “no difference”, and the p-value 1/e that stays valid under peeking. */
  readonly eValue: number;
  readonly sequentialP: number;
  /** p-value of the fixed-horizon test; null before the planned size, when looking would be peeking. */
  readonly fixedP: number | null;
  readonly reason: string;
}

/** The decision about two arms that answered different messages: a canary. */
export function decide(control: ArmTally, treatment: ArmTally, rules: DecisionRules): ExperimentDecision {
  const [before, after] = [shareOf(control), shareOf(treatment)];
  const plan = planOf(rules);
  const labelled = Math.min(before.trials, after.trials);
  const [breach] = breaches(control, treatment, rules.guardrails);
  const found = {
    ...unpairedTest(before, after, { alpha: plan.alpha, spread: spreadOf(rules) }),
    labelled,
    progress: labelled < rules.labelledMin ? 0 : unpairedProgress(before, after, plan),
    fixedP: () => twoProportionP(before, after),
  };
  if (breach) return answer('KEEP_CONTROL', found, `Guardrail ${breach.name}: ${breach.says}.`);
  return judge(found, rules);
}

/** The decision about two releases that answered the same messages: a shadow. It has no guardrails, see `breaches`. */
export function decidePaired(tally: PairTally, rules: DecisionRules): ExperimentDecision {
  const plan = planOf(rules);
  const labelled = tally.bothCorrect + tally.bothWrong + tally.controlOnly + tally.treatmentOnly;
  const progress = labelled < rules.labelledMin ? 0 : pairedProgress(tally, plan);
  return judge(
    { ...pairedTest(tally, plan.alpha), labelled, progress, fixedP: () => mcNemarP(tally) },
    rules,
  );
}

interface Found extends SequentialResult {
  /** Labelled messages of the arm that has fewer. */
  readonly labelled: number;
  readonly progress: number;
  readonly fixedP: () => number;
}

function judge(found: Found, rules: DecisionRules): ExperimentDecision {
  const { effect, labelled, progress } = found;
  const [low, high] = found.interval;
  const { effectMin, labelledMin } = rules;
  if (labelled < labelledMin)
    return answer('CONTINUE_EXPERIMENT', found, `${labelled} of ${labelledMin} labelled messages.`);
  if (low > 0 && effect >= effectMin)
    return answer('DEPLOY_TREATMENT', found, `Better by ${points(effect)}, at least ${points(low)}.`);
  if (high < 0)
    return answer('KEEP_CONTROL', found, `Worse by ${points(-effect)}, at least ${points(-high)}.`);
  if (high < effectMin)
    return answer(
      'KEEP_CONTROL',
      found,
      `Better by ${points(high)} at most, ${points(effectMin)} are asked for.`,
    );
  if (progress < 1)
    return answer(
      'CONTINUE_EXPERIMENT',
      found,
      `${points(effect)} so far, ${points(low)} to ${points(high)} possible.`,
    );
  const fixedP = found.fixedP();
  return fixedP <= planOf(rules).alpha && effect >= effectMin
    ? answer(
        'DEPLOY_TREATMENT',
        found,
        `Better by ${points(effect)} at the planned size, p = ${fixedP.toPrecision(2)}.`,
      )
    : answer(
        'KEEP_CONTROL',
        found,
        `No better by ${points(effectMin)} at the planned size, p = ${fixedP.toPrecision(2)}.`,
      );
}

function answer(
  decision: ExperimentDecision['decision'],
  { effect, interval, eValue, progress, fixedP }: Found,
  reason: string,
): ExperimentDecision {
  return {
    decision,
    effect,
    interval,
    eValue,
    sequentialP: Math.min(1, 1 / eValue),
    fixedP: progress >= 1 ? fixedP() : null,
    reason,
  };
}

const points = (effect: number): string => `${(100 * effect).toFixed(1)} points`;

const shareOf = ({ correct, labelled }: ArmTally): Share => ({ successes: correct, trials: labelled });

/** Half of alpha for what may be looked at always, half for the one look at the planned size. */
const planOf = ({ effectMin, alpha, power }: DecisionRules): Plan => ({ effectMin, alpha: alpha / 2, power });

/** Effects that the sequential test is sharpest for: a few times the least one. */
const spreadOf = ({ effectMin }: DecisionRules): number => 2 * effectMin;
