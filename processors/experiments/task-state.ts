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
  readonly experiment: Experiment | null;
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
  experiment: null,
  frozen: null,
  restedSince: null,
  ended: [],
});

/** Ended experiments that are remembered. */
const endedMax = 100;

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
    state.frozen || state.retraining || state.candidate || state.experiment
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
  shadowed: (state, event) =>
    !state.frozen &&
    !state.experiment &&
    isNew(state, event) &&
    isControl(state, event.evidence.control) &&
    state.candidate?.release === event.release
      ? { ...state, candidate: null, experiment: experimentOf(event, state.candidate.request) }
      : null,
  canaried: (state, event) =>
    !state.frozen && isOpen(state, event) && state.experiment?.stage === 'shadow'
      ? {
          ...state,
          experiment: {
            ...state.experiment,
            stage: 'canary',
            canariedAt: event.eventTime,
            share: shareOf(event, state.experiment.share),
          },
        }
      : null,
  promoted: (state, event) => {
    // A person’s word needs no experiment, and ends one: its control or its treatment is not what it was.
    if (event.experiment === null) return { ...served(state, event), ...interrupted(state, event.release) };
    if (state.frozen || !isOpen(state, event)) return null;
    if (!isControl(state, state.experiment!.control)) return null;
    return { ...served(state, event), ...ending(state, event) };
  },
  'rolled-back': (state, event) => {
    if (event.experiment !== null) return isOpen(state, event) ? { ...state, ...ending(state, event) } : null;
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

/** Whether an event is the answer to the open request. */
const answers = ({ frozen, retraining, candidate }: TaskState, { request, event }: ModelEvent): boolean =>
  !frozen &&
  retraining?.request === request &&
  // One candidate at a time: the trainer’s waits until the one before it is under way.
  (candidate === null || event !== 'candidate-trained');

/** Whether a person brings a release of his own, and nothing else is under way. */
const isBrought = ({ frozen, experiment, candidate }: TaskState, { request }: ModelEvent): boolean =>
  request === null && !frozen && !experiment && !candidate;

/** Whether a candidate is compared with what serves, as far as anything was decided about that. */
const isControl = ({ serving }: TaskState, control: string | undefined): boolean =>
  control !== undefined && (serving === null || serving.release === control);

const isNew = (state: TaskState, { experiment }: ModelEvent): boolean =>
  experiment !== null && !state.ended.includes(experiment);

const isOpen = (state: TaskState, { experiment }: ModelEvent): boolean =>
  experiment !== null && state.experiment?.id === experiment;

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

/** What is over because a person said who serves: a request about another one, an experiment, a candidate that serves. */
const interrupted = (
  { retraining, experiment, candidate, ended }: TaskState,
  serving: string,
): Partial<TaskState> => ({
  retraining: retraining?.release === serving ? retraining : null,
  experiment: null,
  candidate: candidate?.release === serving ? null : candidate,
  ended: experiment === null ? ended : [...ended, experiment.id].slice(-endedMax),
});

/** The share that an event names; `otherwise` where it names none. */
function shareOf({ evidence }: ModelEvent, otherwise: number): number {
  const share = Number(evidence.share);
  return share > 0 && share <= 1 ? share : otherwise;
}

const ending = (state: TaskState, { experiment, eventTime }: ModelEvent) => ({
  experiment: null,
  restedSince: eventTime,
  ended: [...state.ended, experiment!].slice(-endedMax),
});
