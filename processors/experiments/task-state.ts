// What holds for a task, folded from its model events in their order. An event that does not follow from what holds is
// passed over, so that of two processes that decide at once the first one has decided, for everyone who reads the log.
import type { ModelEvent } from '../../schemas/model-event.ts';

/** The latest request for a new model that nobody has answered yet. */
export interface Retraining {
  /** Id of the request: of the event that asked. */
  readonly request: string;
  /** Release that serves, to be bettered. */
  readonly release: string;
  readonly cause: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, string>>;
  /** When it was asked for, and when a trainer last began; ms since 1970. */
  readonly requestedAt: number;
  readonly startedAt: number | null;
}

/** A candidate on its way. */
export interface Experiment {
  readonly id: string;
  readonly control: string;
  readonly treatment: string;
  readonly stage: 'shadow' | 'canary';
  /** Beginnings of the stages, ms since 1970. */
  readonly shadowedAt: number;
  readonly canariedAt: number | null;
  /** Share of the traffic that the treatment serves in the canary. */
  readonly share: number;
  readonly request: string | null;
  /** What was declared when it began: hypothesis, owner, metrics, times. */
  readonly definition: Readonly<Record<string, string>>;
}

export interface TaskState {
  readonly task: string;
  /** Who serves by what was decided; null while nothing was decided and the model store says. */
  readonly serving: { readonly release: string; readonly since: number; readonly by: string | null } | null;
  /** What served before; null where nothing is to go back to. */
  readonly previous: string | null;
  readonly retraining: Retraining | null;
  /** Candidate that passed its gate and waits for its experiment. */
  readonly candidate: {
    readonly release: string;
    readonly request: string | null;
    readonly at: number;
  } | null;
  /**
   * Those under way beside the same control: canaries in the order in which they began to serve, a key belongs to the
   * first one that takes it; then shadows, in the order in which they began.
   */
  readonly experiments: readonly Experiment[];
  /** Set while a person has stopped the loop: nothing is requested, trained, shadowed, canaried or promoted. */
  readonly frozen: { readonly by: string; readonly reason: string; readonly at: number } | null;
  /** When the last request, training or experiment came to its end, ms since 1970: cooldowns count from here. */
  readonly restedSince: number | null;
  /** Experiments that ended, so that a late event of one is known as late. */
  readonly ended: readonly string[];
}

export const untouched = (task: string): TaskState => ({
  task,
  serving: null,
  previous: null,
  retraining: null,
  candidate: null,
  experiments: [],
  frozen: null,
  restedSince: null,
  ended: [],
});

/** Ended experiments that are remembered. */
const endedMax = 100;
/** Experiments of a task that may be under way at once. */
export const armsMax = 4;
/** Share of the keys that several candidates of a task may have together, 0 to 1: enough is left for their control. */
export const sharesMax = 0.95;

/**
 * Why a candidate cannot be put on trial beside those under way: there are as many as may be (`arms`), it is one of them
 * (`treatment`), or their shares leave too little for its own (`shares`). Null where it can.
 */
export function obstacle(
  { experiments }: Pick<TaskState, 'experiments'>,
  { treatment, share }: Pick<Experiment, 'treatment' | 'share'>,
): 'arms' | 'treatment' | 'shares' | null {
  if (experiments.some((each) => each.treatment === treatment)) return 'treatment';
  if (experiments.length >= armsMax) return 'arms';
  return fits(share, experiments) ? null : 'shares';
}

/** One that is alone may take what share it likes. Decimal shares are a little more than their sum in binary. */
const fits = (share: number, others: readonly Experiment[]): boolean =>
  others.length === 0 || others.reduce((sum, each) => sum + each.share, share) <= sharesMax + 1e-9;

type Rule = (state: TaskState, event: ModelEvent) => TaskState | null;

/**
 * The state after an event, or the same state where the event does not follow from it: a second request while one is
 * open, a step of an experiment that ended, anything but a rollback or a person’s promotion while the task is frozen.
 * The same event twice is the caller’s to pass over.
 */
export function advance(state: TaskState, event: ModelEvent): TaskState {
  if (event.task !== state.task) return state;
  return rules[event.event](state, event) ?? state;
}

const rules: Readonly<Record<ModelEvent['event'], Rule>> = {
  'retraining-requested': (state, event) =>
    state.frozen || state.retraining || state.candidate || state.experiments.length > 0
      ? null
      : {
          ...state,
          retraining: {
            request: event.id,
            release: event.release,
            cause: event.evidence.cause ?? 'drift',
            reason: event.reason,
            evidence: event.evidence,
            requestedAt: event.eventTime,
            startedAt: null,
          },
        },
  'training-started': (state, event) =>
    answers(state, event)
      ? { ...state, retraining: { ...state.retraining!, startedAt: event.eventTime } }
      : null,
  'training-declined': (state, event) =>
    answers(state, event) ? { ...state, retraining: null, restedSince: event.eventTime } : null,
  'candidate-trained': (state, event) =>
    answers(state, event) || isBrought(state, event)
      ? {
          ...state,
          retraining: event.request === null ? state.retraining : null,
          candidate: { release: event.release, request: event.request, at: event.eventTime },
        }
      : null,
  shadowed: (state, event) => {
    const { frozen, candidate, experiments } = state;
    if (frozen || candidate?.release !== event.release) return null;
    if (!isNew(state, event) || !isControl(state, event.evidence.control)) return null;
    const experiment = experimentOf(event, candidate.request);
    if (obstacle(state, experiment) !== null) return null;
    return { ...state, candidate: null, experiments: [...experiments, experiment] };
  },
  canaried: (state, event) => {
    const open = openOf(state, event);
    if (state.frozen || open?.stage !== 'shadow') return null;
    const share = shareOf(event, open.share);
    const others = state.experiments.filter((each) => each !== open);
    if (!fits(share, others)) return null;
    const canary = { ...open, stage: 'canary', canariedAt: event.eventTime, share } as const;
    // Behind the other canaries: who is served by one of them stays there.
    const [canaries, shadows] = [others.filter(isCanary), others.filter((each) => !isCanary(each))];
    return { ...state, experiments: [...canaries, canary, ...shadows] };
  },
  promoted: (state, event) => {
    // A person’s word needs no experiment, and ends all: their control or a treatment is not what it was.
    if (event.experiment === null) return { ...served(state, event), ...interrupted(state, event.release) };
    const open = openOf(state, event);
    if (state.frozen || open === undefined || !isControl(state, open.control)) return null;
    // The control of the others is gone.
    return { ...served(state, event), ...ending(state, state.experiments), restedSince: event.eventTime };
  },
  'rolled-back': (state, event) => {
    if (event.experiment !== null) return turnedBack(state, event);
    const serving = event.evidence.serving;
    if (serving === undefined || state.serving?.release !== event.release) return null;
    return {
      ...state,
      serving: { release: serving, since: event.eventTime, by: event.by },
      previous: null,
      restedSince: event.eventTime,
      ...interrupted(state, serving),
    };
  },
  'baseline-renewed': () => null,
  frozen: (state, { by, reason, eventTime }) =>
    state.frozen ? null : { ...state, frozen: { by: by ?? 'unknown', reason, at: eventTime } },
  thawed: (state) => state.frozen && { ...state, frozen: null },
};

const isCanary = ({ stage }: Experiment): boolean => stage === 'canary';

/** Whether an event is the answer to the open request. */
const answers = ({ frozen, retraining, candidate }: TaskState, { request, event }: ModelEvent): boolean =>
  !frozen &&
  retraining?.request === request &&
  // One candidate at a time: the trainer’s waits until the one before it is under way.
  (candidate === null || event !== 'candidate-trained');

/**
 * Whether a person brings a release of his own, and none waits. Beside experiments under way it counts only where he
 * knew of them: he names their control. Who did not, and came at the same moment as another, is passed over.
 */
function isBrought(state: TaskState, { request, release, evidence }: ModelEvent): boolean {
  const { frozen, experiments, candidate } = state;
  if (request !== null || frozen || candidate) return false;
  const [first] = experiments;
  if (first === undefined) return true;
  return first.control === evidence.beside && obstacle(state, { treatment: release, share: 0 }) === null;
}

/** Whether a candidate is compared with what serves and others are compared with, as far as anything was decided. */
const isControl = ({ serving, experiments }: TaskState, control: string | undefined): boolean =>
  control !== undefined &&
  (serving === null || serving.release === control) &&
  experiments.every((each) => each.control === control);

const isNew = ({ ended, experiments }: TaskState, { experiment }: ModelEvent): boolean =>
  experiment !== null && !ended.includes(experiment) && experiments.every(({ id }) => id !== experiment);

/** The experiment that an event is part of, where it is under way. */
const openOf = ({ experiments }: TaskState, { experiment }: ModelEvent): Experiment | undefined =>
  experiments.find(({ id }) => id === experiment);

const experimentOf = (event: ModelEvent, request: string | null): Experiment => ({
  id: event.experiment!,
  control: event.evidence.control!,
  treatment: event.release,
  stage: 'shadow',
  shadowedAt: event.eventTime,
  canariedAt: null,
  share: shareOf(event, 0.1),
  request,
  definition: event.evidence,
});

const served = (state: TaskState, event: ModelEvent): TaskState => ({
  ...state,
  serving: { release: event.release, since: event.eventTime, by: event.by },
  previous:
    state.serving?.release === event.release
      ? state.previous
      : (state.serving?.release ?? event.evidence.previous ?? null),
});

/** What is over because a person said who serves: a request about another one, experiments, a candidate that serves. */
const interrupted = (state: TaskState, serving: string): Partial<TaskState> => ({
  ...ending(state, state.experiments),
  retraining: state.retraining?.release === serving ? state.retraining : null,
  candidate: state.candidate?.release === serving ? null : state.candidate,
});

/** The share that an event names; `otherwise` where it names none. */
function shareOf({ evidence }: ModelEvent, otherwise: number): number {
  const share = Number(evidence.share);
  return share > 0 && share <= 1 ? share : otherwise;
}

/** The end of one experiment; the others go on, and the task rests when the last one has ended. */
function turnedBack(state: TaskState, event: ModelEvent): TaskState | null {
  const open = openOf(state, event);
  if (open === undefined) return null;
  const after = { ...state, ...ending(state, [open]) };
  return after.experiments.length === 0 ? { ...after, restedSince: event.eventTime } : after;
}

const ending = (
  { experiments, ended }: TaskState,
  over: readonly Experiment[],
): Pick<TaskState, 'experiments' | 'ended'> => ({
  experiments: experiments.filter((each) => !over.includes(each)),
  ended: [...ended, ...over.map(({ id }) => id)].slice(-endedMax),
});
