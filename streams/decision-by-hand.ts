// What a person decides about who serves: recorded in the ledger, which every process follows, then mirrored in the store.
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Reason } from '../connectors/model-store/aliases.ts';
import { manifestOrNone, promotable } from '../connectors/model-store/promotion.ts';
import type { ModelStore } from '../connectors/model-store.ts';
import { Misconfigured } from '../schemas/errors.ts';
import type { Ledger } from './model-ledger.ts';
import { mirror, servingRelease, settle } from './serving.ts';
import type { Stack } from './stack.ts';

/** Which release serves now, and which did before; null where none did. */
export interface Serving {
  readonly task: string;
  readonly champion: string;
  readonly previous: string | null;
}

interface Deciding {
  readonly stack: Pick<Stack, 'logger'>;
  readonly ledger: Ledger;
  readonly store: ModelStore;
}

/** Who decides, as far as the system knows. */
export function whoDecides(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no user has.
    return 'unknown';
  }
}

/**
 * Lets a release serve its task from now on, everywhere. All experiments of the task end with that, for their control is
 * gone; one on this very release is told as promoted. Throws what `promotable` throws.
 */
export async function promoteByHand(
  { stack, ledger, store }: Deciding,
  name: string,
  { force, ...reason }: Reason & { readonly force: boolean },
): Promise<Serving> {
  const serving = (task: string) => servingNow(store, ledger, task);
  const { task, release } = await promotable(store, name, { force, serving });
  const before = await serving(task);
  const { experiments, frozen, serving: decided } = ledger.state(task);
  if (decided?.release !== release || before !== release) {
    const open = frozen === null ? experiments.find(({ treatment }) => treatment === release) : undefined;
    await ledger.record({
      ...{ event: 'promoted', task, release, by: reason.by, reason: reason.why || 'By hand.' },
      experiment: open?.id ?? null,
      evidence: before === null || before === release ? {} : { previous: before },
      of: open?.id ?? randomUUID(),
    });
  }
  await mirror(store, ledger, task, { logger: stack.logger, reason });
  return shown(store, ledger, task);
}

/** Lets what served before serve again; there is nothing before it then. Throws `Misconfigured` (`no-previous`). */
export async function rollBackByHand(
  { stack, ledger, store }: Deciding,
  task: string,
  reason: Reason,
): Promise<Serving> {
  const { serving: decided } = ledger.state(task);
  const { aliases } = await store.aliases(task);
  if (decided === null && aliases.previous === undefined) throw noPrevious(task);
  await settle(store, ledger, task);
  const { serving, previous } = ledger.state(task);
  if (serving === null || previous === null) throw noPrevious(task);
  await store.manifest(previous);
  await ledger.record({
    ...{
      event: 'rolled-back',
      task,
      release: serving.release,
      by: reason.by,
      reason: reason.why || 'By hand.',
    },
    evidence: { serving: previous },
    of: randomUUID(),
  });
  await mirror(store, ledger, task, { logger: stack.logger, reason });
  return shown(store, ledger, task);
}

/** What serves a task; null where nothing does: a task without a release, or a champion that is gone. */
async function servingNow(store: ModelStore, ledger: Ledger, task: string): Promise<string | null> {
  const state = ledger.state(task);
  if (state.serving !== null) return servingRelease(store, state);
  return (await manifestOrNone(store, task))?.release ?? null;
}

async function shown(store: ModelStore, ledger: Ledger, task: string): Promise<Serving> {
  const { serving, previous } = ledger.state(task);
  const before = previous === null ? null : await manifestOrNone(store, previous);
  return { task, champion: serving!.release, previous: before?.release ?? null };
}

const noPrevious = (task: string): Misconfigured =>
  new Misconfigured(`the task “${task}” has no previous release to go back to`, {
    code: 'no-previous',
    fix: `Choose one from “millrace models list” and promote it; “millrace models aliases ${task}” shows what served when.`,
  });
