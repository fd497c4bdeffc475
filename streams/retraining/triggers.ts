// Looks again and again whether a task asks for retraining, and records the request with its cause and evidence. The fold
// of the ledger refuses a second request while one is open, so several processes may look.
import { isAbsence, type ModelStore } from '../../connectors/model-store.ts';
import type { TaskState } from '../../processors/experiments/task-state.ts';
import { driftJobs } from '../drift/jobs.ts';
import type { Ledger, Recorded } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { servingRelease } from '../serving.ts';
import type { Stack } from '../stack.ts';
import { type Asked, causeFor } from './causes.ts';
import { Past } from './past.ts';
import { rulesFor } from './rules.ts';

/** Starts to look; what is returned ends that and waits for a look that is under way. */
export function startTriggers(stack: Stack, ledger: Ledger): () => Promise<void> {
  const { logger, configuration } = stack;
  const watchedSince = stack.now();
  const past = new Past();
  let looking: Promise<void> | null = null;
  const look = async () => {
    try {
      const requests = await askWhereDue(stack, ledger, watchedSince, past);
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
  past: Past = new Past(),
): Promise<readonly Recorded[]> {
  const requests: Recorded[] = [];
  for (const task of watchedTasks(stack, ledger)) {
    const due = await causeOf(task, stack, ledger, watchedSince, past);
    if (due === null) continue;
    const request = await ask(ledger, task, due);
    if (request.counted) requests.push(request);
  }
  return requests;
}

interface Due extends Asked {
  /** What serves and is to be bettered. */
  readonly release: string;
}

/** Why a task is to be trained anew now; null while it is busy, rests, or nothing asks for it. */
export async function causeOf(
  task: string,
  { configuration, clickhouse, now: clock }: Pick<Stack, 'configuration' | 'clickhouse' | 'now'>,
  ledger: Pick<Ledger, 'state'>,
  watchedSince: number,
  past: Past = new Past(),
): Promise<Due | null> {
  const state = ledger.state(task);
  const rules = rulesFor(configuration, task);
  const now = clock();
  const rested = past.at(task, state.restedSince ?? 0, now);
  if (isBusy(state) || (rested > 0 && now - rested < rules.cooldownMs)) return null;
  const store = modelStoreOf(configuration);
  const release = await servingOf(store, state);
  if (release === null) return null;
  const { activation } = await store.manifest(release);
  const asked = await causeFor(clickhouse, {
    task,
    release,
    givesScores: activation === 'identity',
    rules,
    since: Math.max(rested, past.at(task, state.serving?.since ?? 0, now)),
    watchedSince,
    now,
    jobsApart: driftJobs(configuration).flatMap(({ name, tenants }) => (tenants === 'apart' ? [name] : [])),
  });
  return asked === null ? null : { ...asked, release };
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

const isBusy = ({ frozen, retraining, candidate, experiments }: TaskState): boolean =>
  frozen !== null || retraining !== null || candidate !== null || experiments.length > 0;

/** Null for a task that has no release here. */
async function servingOf(store: ModelStore, state: TaskState): Promise<string | null> {
  try {
    return await servingRelease(store, state);
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

const ask = (ledger: Ledger, task: string, { release, cause, of, reason, evidence }: Due) =>
  ledger.record({
    event: 'retraining-requested',
    task,
    release,
    reason,
    evidence: { cause, ...evidence },
    by: 'trainer',
    of: `${cause}/${release}/${of}`,
  });
