// The next step of an experiment: what is decided by what its arms have done and by the time that is left.
import {
  type DecisionRules,
  decide,
  decidePaired,
  type ExperimentDecision,
} from '../../processors/experiments/decision.ts';
import { breaches } from '../../processors/experiments/guardrails.ts';
import type { Experiment } from '../../processors/experiments/task-state.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Tally } from './tally.ts';

type Settings = Configuration['experiments'];

export interface Step {
  /** Null: it goes on as it is. */
  readonly event: 'canaried' | 'promoted' | 'rolled-back' | null;
  readonly decision: ExperimentDecision['decision'];
  readonly reason: string;
  /** Figures behind it: of the shadow while that is all there is, else of the canary. */
  readonly figures: ExperimentDecision;
  /** The guardrail that was broken. */
  readonly breach: string | null;
}

interface Look {
  readonly experiment: Experiment;
  readonly tally: Tally;
  /** What serves the task now. */
  readonly serving: string;
  readonly now: number;
}

/**
 * The rules of the decision by the settings; what has no setting is as usual. Experiments of a task that are under way
 * at once, `arms` of them, share alpha; guardrails do not.
 */
export const rulesOf = (settings: Settings, usual: DecisionRules, arms = 1): DecisionRules => ({
  ...usual,
  effectMin: settings.effectMin,
  alpha: settings.alpha / arms,
  labelledMin: settings.labelsMin,
  guardrails: {
    ...usual.guardrails,
    errorsRise: settings.errorsRiseMax,
    abstentionsRise: settings.abstentionsRiseMax,
    disagreementMax: settings.disagreementMax,
    expectedAccuracyDrop: settings.expectedAccuracyDropMax,
    accuracyDrop: settings.accuracyDropMax,
  },
});

/** When an experiment ends at the latest, ms since 1970. */
export const endOf = ({ definition, shadowedAt }: Experiment, { lastsMs }: Settings): number => {
  const until = Date.parse(definition.until ?? '');
  return Number.isFinite(until) ? until : shadowedAt + lastsMs;
};

/** Why an experiment is over whatever its figures are; null while it is not. `tasks`: those that streams answer. */
export function overWith(
  { experiment: { control, treatment }, serving }: Pick<Look, 'experiment' | 'serving'>,
  tasks?: readonly string[],
): string | null {
  if (serving === treatment) return `${treatment} was promoted by hand; the experiment is over.`;
  if (serving !== control)
    return `${serving} serves now, and not ${control}, which it was to be compared with.`;
  const [task = ''] = control.split('@');
  if (tasks === undefined || tasks.includes(task)) return null;
  return `No stream of comments or prompts asks ${task}: what routes and requests ask takes part in no experiment.`;
}

export function nextStep(look: Look, rules: DecisionRules, settings: Settings): Step {
  const { experiment, tally } = look;
  const paired = decidePaired(tally.shadow.pairs, rules);
  const isShadow = experiment.stage === 'shadow';
  const served = decide(tally.canary.control, tally.canary.treatment, rules);
  const figures = isShadow ? paired : served;
  const step = (event: Step['event'], decision: Step['decision'], reason: string): Step => ({
    ...{ event, decision, reason, figures, breach: null },
  });
  const keep = (reason: string): Step => step('rolled-back', 'KEEP_CONTROL', reason);
  const over = overWith(look);
  if (over !== null) return keep(over);
  const [breach] = [
    ...breaches(tally.shadow.control, tally.shadow.treatment, rules.guardrails),
    ...breaches(tally.canary.control, tally.canary.treatment, rules.guardrails),
  ];
  if (breach) return { ...keep(`Guardrail ${breach.name}: ${breach.says}.`), breach: breach.name };
  const next = isShadow ? afterShadow(look, paired, settings) : afterCanary(look, paired, served, settings);
  if (next.event !== null) return { ...step(next.event, next.decision, next.reason) };
  if (look.now < endOf(experiment, settings)) return step(null, 'CONTINUE_EXPERIMENT', next.reason);
  return keep(`Not shown to be better when the experiment ended. ${next.reason}`);
}

type Next = Pick<Step, 'event' | 'decision' | 'reason'>;

const goOn = (reason: string): Next => ({ event: null, decision: 'CONTINUE_EXPERIMENT', reason });

/**
 * Nobody has been served yet: enough messages, and nothing that speaks against it. While labels come and do not decide,
 * pairs are the cheapest way to know: it goes on for a while.
 */
function afterShadow({ experiment, tally }: Look, paired: ExperimentDecision, settings: Settings): Next {
  if (experiment.definition.skipShadow === 'true')
    return { event: 'canaried', decision: 'CONTINUE_EXPERIMENT', reason: 'It was started without a shadow.' };
  const { decision, reason } = paired;
  if (decision === 'KEEP_CONTROL') return { event: 'rolled-back', decision, reason };
  const { messages, labelled } = tally.shadow.treatment;
  const { shadowMessagesMin, shadowMessagesMax, shadowLabelsMin } = settings;
  if (messages < shadowMessagesMin)
    return goOn(`${messages} of ${shadowMessagesMin} messages answered in the shadow.`);
  if (labelled < shadowLabelsMin)
    return goOn(`${labelled} of ${shadowLabelsMin} labels about messages of the shadow.`);
  if (decision === 'CONTINUE_EXPERIMENT' && labelled > 0 && messages < shadowMessagesMax)
    return goOn(`${messages} of up to ${shadowMessagesMax} messages in the shadow. ${reason}`);
  return { event: 'canaried', decision, reason: `${messages} messages in the shadow. ${reason}` };
}

/**
 * What the shadow has shown on the same messages counts: then the canary has only to keep to its guardrails. With
 * too few labels in either stage the configuration says what becomes of it.
 */
function afterCanary(
  { tally: { canary, shadow } }: Look,
  paired: ExperimentDecision,
  served: ExperimentDecision,
  { canaryMessagesMin, labelsMin, withoutLabels }: Settings,
): Next {
  if (served.decision === 'KEEP_CONTROL')
    return { event: 'rolled-back', decision: served.decision, reason: served.reason };
  const { messages } = canary.treatment;
  const isEnough = messages >= canaryMessagesMin;
  const promoted = (reason: string): Next => ({ event: 'promoted', decision: 'DEPLOY_TREATMENT', reason });
  if (!isEnough) return goOn(`${messages} of ${canaryMessagesMin} messages served. ${served.reason}`);
  if (served.decision === 'DEPLOY_TREATMENT') return promoted(served.reason);
  if (paired.decision === 'DEPLOY_TREATMENT')
    return promoted(`On the same messages, in the shadow: ${paired.reason}`);
  if (paired.decision === 'KEEP_CONTROL')
    return {
      event: 'rolled-back',
      decision: paired.decision,
      reason: `On the same messages, in the shadow: ${paired.reason}`,
    };
  const labels = Math.max(
    shadow.treatment.labelled,
    Math.min(canary.treatment.labelled, canary.control.labelled),
  );
  if (labels < labelsMin && withoutLabels === 'promote')
    return promoted(
      `${messages} messages served within all guardrails, and ${labels} of ${labelsMin} labels for a decision.`,
    );
  return goOn(served.reason);
}
