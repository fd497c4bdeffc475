// Looks again and again whether a task asks for retraining, and records the request with its cause and evidence. The fold
// of the ledger refuses a second request while one is open, so several processes may look.
import { isAbsence, type ModelStore } from '../../connectors/model-store.ts';
import type { TaskState } from '../../processors/experiments/task-state.ts';
import type { Ledger, Recorded } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { servingRelease } from '../serving.ts';
import type { Stack } from '../stack.ts';
import { type Asked, causeFor } from './causes.ts';
import { rulesFor } from './rules.ts';

/** Starts to look; what is returned ends that and waits for a look that is under way. */
export function startTriggers(stack: Stack, ledger: Ledger): () => Promise<void> {
  const { logger, configuration } = stack;
  const watchedSince = stack.now();
  let looking: Promise<void> | null = null;
  const look = async () => {
    try {
      const requests = await askWhereDue(stack, ledger, watchedSince);
      for (const { event } of requests)
        logger.info({ task: event.task, request: event.id, reason: event.reason }, 'retraining is asked for');
    } catch (error) {
      logger.warn({ err: error }, 'causes of retraining could not be looked at; the next look tries again');
    } finally {
      looking = null;
    }
  };
  const timer = setInterval(() => {
    looking ??= look();
  }, configuration.retraining.everyMs);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/** One look at every task: the requests that count. Throws what the stores and the log throw. */
export async function askWhereDue(
  stack: Stack,
  ledger: Ledger,
  watchedSince: number,
): Promise<readonly Recorded[]> {
  const store = modelStoreOf(stack.configuration);
  const requests: Recorded[] = [];
  for (const task of watchedTasks(stack, ledger)) {
    const state = ledger.state(task);
    if (isBusy(state) || isResting(stack, state)) continue;
    const release = await servingOf(store, state);
    if (release === null) continue;
    const { activation } = await store.manifest(release);
    const asked = await causeFor(stack.clickhouse, {
      task,
      release,
      givesScores: activation === 'identity',
      rules: rulesFor(stack.configuration, task),
      since: Math.max(state.restedSince ?? 0, state.serving?.since ?? 0),
      watchedSince,
      now: stack.now(),
    });
    if (asked === null) continue;
    const request = await ask(ledger, state, release, asked);
    if (request.counted) requests.push(request);
  }
  return requests;
}

/** Tasks that messages are answered for, and those that decisions were taken about. */
function watchedTasks({ configuration }: Stack, ledger: Ledger): ReadonlySet<string> {
  const { inference, routes, retraining } = configuration;
  return new Set([
    ...inference.commentTasks,
    ...inference.promptTasks,
    ...routes.map(({ task }) => task),
    ...retraining.tasks,
    ...ledger.states.map(({ task }) => task),
  ]);
}

const isBusy = ({ frozen, retraining, candidate, experiment }: TaskState): boolean =>
  frozen !== null || retraining !== null || candidate !== null || experiment !== null;

const isResting = ({ configuration, now }: Stack, { task, restedSince }: TaskState): boolean =>
  restedSince !== null && now() - restedSince < rulesFor(configuration, task).cooldownMs;

/** Null for a task that has no release here. */
async function servingOf(store: ModelStore, state: TaskState): Promise<string | null> {
  try {
    return await servingRelease(store, state);
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

const ask = (ledger: Ledger, { task }: TaskState, release: string, { cause, of, reason, evidence }: Asked) =>
  ledger.record({
    event: 'retraining-requested',
    task,
    release,
    reason,
    evidence: { cause, ...evidence },
    by: 'trainer',
    of: `${cause}/${release}/${of}`,
  });
