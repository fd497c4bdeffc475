// Who serves a task: the ledger of decisions where it says anything, else the model store. The store’s alias mirrors the
// ledger; an alias that somebody moved by hand after the last decision is a decision, too.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../connectors/logger.ts';
import type { AliasChanges, AliasMove, Reason, TaskAliases } from '../connectors/model-store/aliases.ts';
import { manifestOrNone } from '../connectors/model-store/promotion.ts';
import type { ModelStore } from '../connectors/model-store.ts';
import type { TaskState } from '../processors/experiments/task-state.ts';
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import type { Ledger } from './model-ledger.ts';

/** Who moves aliases after the ledger: moves by anybody else were made by hand. */
export const mirrorName = 'ledger';

/** What tells a decision about who serves from every other about its task. */
type Decided = NonNullable<TaskState['serving']>;

const markOf = ({ since }: Decided): string => `, decision of ${new Date(since).toISOString()}`;
const anyMark = /, decision of \S+$/;

/** What the history of aliases says of a move that follows from a decision: by that it is told from one by hand. */
const marked = ({ by, why }: Reason, decided: Decided): Reason => ({ by: `${by}${markOf(decided)}`, why });

const isMirrored = ({ by }: AliasMove): boolean => by === mirrorName || anyMark.test(by);

/**
 * A champion that was named in the store itself after the ledger’s last decision; null where the ledger has it right. A
 * move by hand comes after the one that mirrors the decision. Only where the decision moved nothing, for the store had it
 * so already or could not be told, do the two times say which was first.
 */
async function movedByHand(store: ModelStore, { task, serving }: TaskState): Promise<AliasMove | null> {
  if (serving === null) return null;
  const { history } = await store.aliases(task);
  const moves = history.filter(({ alias, to }) => alias === 'champion' && to !== null);
  const last = moves.at(-1);
  if (!last || isMirrored(last) || `${task}@${last.to}` === serving.release) return null;
  const isAfter = moves.some(({ by }) => by.endsWith(markOf(serving)));
  return isAfter || Date.parse(last.at) > serving.since ? last : null;
}

/** The release that serves a task, `task@version`. Throws what the store throws where it is to say. */
export async function servingRelease(store: ModelStore, state: TaskState): Promise<string> {
  if (state.serving === null)
    return state.experiments[0]?.control ?? (await store.manifest(state.task)).release;
  const moved = await movedByHand(store, state);
  return moved === null ? state.serving.release : `${state.task}@${moved.to}`;
}

/**
 * Releases by task, what serves by the ledger and then what may stand in for it: what served before. Tasks that it says
 * nothing about are left to the store.
 */
export async function servingVersions(
  store: ModelStore,
  states: readonly TaskState[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const decided = states.filter(({ serving, experiments }) => serving !== null || experiments.length > 0);
  const releases = decided.map(async (state) => {
    const serving = await servingRelease(store, state);
    const before = [state.serving?.release, state.previous].filter((each) => each != null);
    return [state.task, [...new Set([serving, ...before])]] as const;
  });
  return Object.fromEntries(await Promise.all(releases));
}

export const versionOf = (release: string): string => release.slice(release.indexOf('@') + 1);

/** Tries of a store that does not answer, and the pause between them. */
const triesMax = 3;
const pauseMs = 500;

type States = Pick<Ledger, 'state'>;

/**
 * Points the store’s champion at what the ledger says serves, and `previous` at what served before; nothing is written
 * where the store serves that already. The ledger is asked at the moment of writing, so that of two who mirror at once
 * neither goes back. A store that may not be written, or does not answer, is told of in the log: the ledger decides.
 */
export async function mirror(
  store: ModelStore,
  ledger: States,
  task: string,
  { logger, reason }: { readonly logger: Pick<Logger, 'warn'>; readonly reason?: Reason },
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { serving, previous } = ledger.state(task);
    if (serving === null) return;
    const why = marked(reason ?? { by: mirrorName, why: `as ${serving.by ?? 'somebody'} decided` }, serving);
    try {
      // What nobody has ever named a champion of stays as it is until a person does.
      const isThere = (await manifestOrNone(store, task))?.release === serving.release;
      if (isThere && reason === undefined) return;
      const before = previous === null ? null : await manifestOrNone(store, previous);
      await store.changeAliases(task, (current) => movesTo(ledger.state(task), before, current), why);
      return;
    } catch (error) {
      if (tries === triesMax || error instanceof Misconfigured) {
        logger.warn(
          { err: error, task, release: serving.release },
          'the alias could not follow the decision',
        );
        return;
      }
      await sleep(pauseMs);
    }
  }
}

function movesTo(
  { serving, previous }: TaskState,
  before: ModelManifest | null,
  { aliases }: TaskAliases,
): AliasChanges {
  if (serving === null) return {};
  const champion = versionOf(serving.release);
  return {
    champion,
    previous: before !== null && before.release === previous ? before.version : null,
    ...(aliases.candidate === champion ? { candidate: null } : {}),
  };
}

/**
 * Puts into the ledger who serves a task, where it does not know: a champion that was named in the store by hand since,
 * or, the first time that anything is decided about the task, what has served so far.
 */
export async function settle(
  store: ModelStore,
  ledger: Pick<Ledger, 'state' | 'record'>,
  task: string,
): Promise<void> {
  const state = ledger.state(task);
  const moved = await movedByHand(store, state);
  if (moved !== null) {
    await ledger.record({
      ...{ event: 'promoted', task, release: `${task}@${moved.to}`, by: moved.by },
      reason: moved.why || 'Its alias was moved in the model store.',
      evidence: { adopted: moved.at },
      of: `store/${moved.at}/${moved.to}`,
    });
    return;
  }
  if (state.serving !== null) return;
  const release = await servedSoFar(store, state);
  if (release === null) return;
  const { aliases } = await store.aliases(task);
  await ledger.record({
    ...{ event: 'promoted', task, release, by: 'experiments' },
    reason: 'It served when the first decision about its task was taken.',
    evidence: aliases.previous === undefined ? {} : { previous: `${task}@${aliases.previous}` },
    of: 'first',
  });
}

/**
 * What has served a task that the ledger says nothing about. A candidate that lies in the store already does not count,
 * though its version be the highest.
 */
async function servedSoFar(store: ModelStore, state: TaskState): Promise<string | null> {
  const { task, candidate, experiments, retraining } = state;
  const known = experiments[0]?.control ?? retraining?.release;
  if (known !== undefined) return known;
  const champion = (await store.aliases(task)).aliases.champion;
  if (champion !== undefined) return `${task}@${champion}`;
  const releases = (await store.list()).filter((manifest) => manifest.task === task);
  return releases.find(({ release }) => release !== candidate?.release)?.release ?? null;
}
