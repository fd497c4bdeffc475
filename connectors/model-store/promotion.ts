// Promotion and rollback: which release serves a task, changed in one step and remembered.
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { ModelStore } from '../model-store.ts';
import type { Reason, TaskAliases } from './aliases.ts';

/** Which release serves now, and which did before; null where none did, or the same. */
export interface Serving {
  readonly task: string;
  readonly champion: string;
  readonly previous: string | null;
  readonly history: TaskAliases['history'];
}

/** Versions of releases as names; null stays null. */
const named = (task: string, version: string | undefined): string | null =>
  version === undefined ? null : `${task}@${version}`;

/**
 * Makes a release the champion of its task, and what served before its `previous`. Its files are checked first. Throws
 * `Misconfigured` (code `promotion-incompatible`) when its kind, activation or labels differ from what serves, unless
 * `force` says that consumers are ready for that.
 */
export async function promote(
  store: ModelStore,
  name: string,
  { force, ...reason }: Reason & { readonly force: boolean },
): Promise<Serving> {
  const { manifest } = await store.load(name);
  const { task, version } = manifest;
  const { aliases, history } = await store.changeAliases(
    task,
    async ({ aliases: now }) => {
      const serving = await servingNow(store, task, now.champion);
      if (!force && serving !== null) assertCompatible(serving, manifest);
      return {
        champion: version,
        ...(serving === null || serving.version === version ? {} : { previous: serving.version }),
        ...(now.candidate === version ? { candidate: null } : {}),
      };
    },
    reason,
  );
  return { task, champion: manifest.release, previous: named(task, aliases.previous), history };
}

/** Makes the previous champion the champion again; there is no previous one then. Throws `Misconfigured` without one. */
export async function rollback(store: ModelStore, task: string, reason: Reason): Promise<Serving> {
  const { aliases, history } = await store.changeAliases(
    task,
    ({ aliases: { previous } }) => {
      if (previous === undefined)
        throw new Misconfigured(`the task “${task}” has no previous release to go back to`, {
          code: 'no-previous',
          fix: `Choose one from “millrace models list” and promote it; “millrace models aliases ${task}” shows what served when.`,
        });
      return { champion: previous, previous: null };
    },
    reason,
  );
  return { task, champion: `${task}@${aliases.champion}`, previous: null, history };
}

/** What serves a task; null for a champion that somebody deleted, which must not keep another from its place. */
async function servingNow(
  store: ModelStore,
  task: string,
  champion: string | undefined,
): Promise<ModelManifest | null> {
  try {
    return await store.manifest(champion === undefined ? task : `${task}@${champion}`);
  } catch (error) {
    if (error instanceof Misconfigured && error.code === 'model-missing') return null;
    throw error;
  }
}

function assertCompatible(serving: ModelManifest, next: ModelManifest): void {
  const differences = [
    ...(serving.activation === next.activation
      ? []
      : [`its activation is ${next.activation}, not ${serving.activation}`]),
    ...labelDifferences(serving.labels, next.labels),
  ];
  if (differences.length === 0) return;
  throw new Misconfigured(
    `${next.release} answers otherwise than ${serving.release}, which serves: ${differences.join('; ')}`,
    {
      code: 'promotion-incompatible',
      fix: 'Whoever reads the answers has to know; then promote it with --force.',
    },
  );
}

/** What became of the labels, in words; the order counts, because answers are read by position. */
export function labelDifferences(before: readonly string[], after: readonly string[]): string[] {
  const gone = before.filter((label) => !after.includes(label));
  const added = after.filter((label) => !before.includes(label));
  const moved = gone.length + added.length === 0 && before.some((label, at) => label !== after[at]);
  return [
    ...(gone.length > 0 ? [`labels gone: ${gone.join(', ')}`] : []),
    ...(added.length > 0 ? [`labels added: ${added.join(', ')}`] : []),
    ...(moved ? ['labels in another order'] : []),
  ];
}
