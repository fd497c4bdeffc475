// Whether a release may serve in the place of another, and what is different about it.
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { isAbsence, type ModelStore } from '../model-store.ts';

/**
 * The manifest of a release that is to serve its task, its files checked. `serving` names what serves now, by its task;
 * one that somebody deleted keeps nobody from its place. Throws `Misconfigured` (code `promotion-incompatible`) when
 * activation or labels differ, unless `force` says that consumers are ready for that.
 */
export async function promotable(
  store: ModelStore,
  name: string,
  { force, serving }: { readonly force: boolean; readonly serving: (task: string) => Promise<string | null> },
): Promise<ModelManifest> {
  const { manifest } = await store.load(name);
  const now = await serving(manifest.task);
  const before = now === null ? null : await manifestOrNone(store, now);
  if (!force && before !== null) assertCompatible(before, manifest);
  return manifest;
}

/** The manifest of a release; null where it is not there any more. */
export async function manifestOrNone(store: ModelStore, release: string): Promise<ModelManifest | null> {
  try {
    return await store.manifest(release);
  } catch (error) {
    if (isAbsence(error)) return null;
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
