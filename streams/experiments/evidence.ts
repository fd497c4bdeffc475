// What model events of an experiment carry as evidence: the definition it begins with, and the figures of each decision.
import { type ArmTally, usualRules } from '../../processors/experiments/decision.ts';
import { messagesUntilBreach } from '../../processors/experiments/guardrails.ts';
import type { Experiment, TaskState } from '../../processors/experiments/task-state.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { rulesOf, type Step } from './step.ts';
import type { Tally } from './tally.ts';

type Settings = Configuration['experiments'];
type Evidence = Readonly<Record<string, string>>;
type Waiting = NonNullable<TaskState['candidate']>;

/** Id of the experiment of a candidate: the same whoever begins it. */
export const experimentId = (task: string, { release, request, at }: Waiting): string =>
  derivedId('experiment', task, release, request ?? '', String(at));

/** What a person may say of an experiment that he starts; it comes with the candidate. */
const declared = ['hypothesis', 'owner', 'share', 'until', 'skipShadow'] as const;
export type Declared = Readonly<Partial<Record<(typeof declared)[number], string>>>;

/**
 * The definition that an experiment begins with. `said` is what the candidate came with; `until` there is an instant, or
 * absent: then it lasts as long as the settings say, from `now`, when it begins. A candidate that a person brings begins
 * as it comes.
 */
export function definitionOf(
  control: string,
  { release, request, at }: Waiting,
  said: Declared,
  settings: Settings,
  now: number = at,
): Evidence {
  const { effectMin, canaryShare, shadowShare, lastsMs } = settings;
  const given = Object.fromEntries(
    declared.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]!] as const])),
  );
  return {
    control,
    hypothesis: `${release} is right at least ${percent(effectMin)} more often than ${control}, and harms nothing else.`,
    metrics:
      'accuracy on labelled messages; guardrails: errors and late answers, abstentions, disagreement, expected accuracy, accuracy',
    owner: request === null ? 'somebody' : 'trainer',
    share: String(canaryShare),
    shadowShare: String(shadowShare),
    effectMin: String(effectMin),
    started: iso(now),
    until: iso(now + lastsMs),
    ...given,
  };
}

/** The figures of a decision. */
export function figuresOf({ decision, figures, breach }: Step, tally: Tally): Evidence {
  const { effect, interval, eValue, sequentialP, fixedP } = figures;
  const { shadow, canary } = tally;
  return {
    decision,
    effect: rounded(effect),
    interval: `${rounded(interval[0])} to ${rounded(interval[1])}`,
    eValue: eValue > 1e6 ? eValue.toExponential(2) : rounded(eValue),
    sequentialP: rounded(sequentialP),
    ...(fixedP === null ? {} : { fixedP: rounded(fixedP) }),
    ...(breach === null ? {} : { guardrail: breach }),
    // So many messages the candidate had answered, or been asked in vain, when this was decided.
    afterMessages: String(shadow.treatment.messages + canary.treatment.messages),
    ...armEvidence('shadow', shadow),
    ...armEvidence('canary', canary),
    ...disagreementOf(tally),
    ...(tally.span === null ? {} : { from: String(tally.span.from), to: String(tally.span.to) }),
  };
}

function armEvidence(
  stage: 'shadow' | 'canary',
  { control, treatment }: { readonly control: ArmTally; readonly treatment: ArmTally },
): Evidence {
  if (control.messages + treatment.messages === 0) return {};
  return { [`${stage}Control`]: printArm(control), [`${stage}Treatment`]: printArm(treatment) };
}

const printArm = ({ messages, labelled, correct, confidenceSum, abstained, errors }: ArmTally): string =>
  [
    `${messages} messages`,
    labelled === 0 ? 'none labelled' : `${correct} of ${labelled} labelled right`,
    `expected accuracy ${percent(confidenceSum / Math.max(1, messages))}`,
    `${abstained} abstained`,
    `${errors} failed or late`,
  ].join(', ');

function disagreementOf({ shadow: { treatment }, flips }: Tally): Evidence {
  const { compared = 0, disagreements = 0 } = treatment;
  if (compared === 0) return {};
  return {
    disagreement: `${disagreements} of ${compared}, ${percent(disagreements / compared)}`,
    ...(flips.length === 0
      ? {}
      : { flips: flips.map(({ from, to, messages }) => `${from} → ${to}: ${messages}`).join('; ') }),
  };
}

/** Messages within which a candidate that fails always, or contradicts always, is turned back, 95 times of 100. */
export function messagesToRollBack(
  settings: Settings,
  share: number,
): { failing: number; contradicting: number } {
  const { guardrails } = rulesOf(settings, usualRules);
  const until = (name: 'errors' | 'disagreement') =>
    messagesUntilBreach({ name, control: 0, treatment: 1, controlPerTreatment: 1 / share - 1 }, guardrails);
  return { failing: until('errors'), contradicting: until('disagreement') };
}

/**
 * Shares of all keys, 0 to 1, that the candidate of an experiment and the control serve: each canary takes its share of
 * what those before it leave, a shadow none. `experiments` are all of the task, in their order.
 */
export function keysOf(
  { id }: Pick<Experiment, 'id'>,
  experiments: readonly Experiment[],
): { readonly treatment: number; readonly control: number } {
  let control = 1;
  let treatment = 0;
  for (const each of experiments) {
    if (each.stage !== 'canary') continue;
    if (each.id === id) treatment = control * each.share;
    control *= 1 - each.share;
  }
  return { treatment, control };
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const rounded = (value: number): string => String(Number(value.toPrecision(4)));

const iso = (ms: number): string => new Date(ms).toISOString();
