// Releases as the command line and the streams use them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listReleases, loadRelease, loadServing } from '../connectors/model-store.ts';
import { createEngine, type Engine } from '../processors/inference/engine.ts';
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelManifest, ModelRelease } from '../schemas/model-manifest.ts';
import type { Configuration } from './configuration/configuration.ts';

/** Opens an engine over tasks (their serving releases) or releases by name. */
export async function openEngine(
  { inference }: Pick<Configuration, 'inference'>,
  names: readonly string[],
): Promise<Engine> {
  const pinned = names.filter((name) => name.includes('@'));
  const tasks = names.filter((name) => !name.includes('@'));
  const models: ModelRelease[] = [...(await loadServing(inference.modelsDirectory, tasks))];
  for (const name of pinned) models.push(await loadRelease(inference.modelsDirectory, name));
  return engineOf({ inference }, models);
}

/** An engine over releases that are loaded already. */
export const engineOf = (
  { inference }: Pick<Configuration, 'inference'>,
  models: readonly ModelRelease[],
): Promise<Engine> =>
  createEngine({ models, workers: inference.workers, queueTextsMax: inference.queueTextsMax });

/** Releases that serve the configured tasks. */
export const servingReleases = ({ inference }: Configuration): Promise<readonly ModelRelease[]> =>
  loadServing(inference.modelsDirectory, [...inference.commentTasks, ...inference.promptTasks]);

/** Manifest and card of a release; of a task, those of its highest version. */
export async function describeRelease(
  directory: string,
  name: string,
): Promise<{ readonly manifest: ModelManifest; readonly card: string }> {
  const manifests = await listReleases(directory);
  const manifest = manifests.find(({ release, task }) => release === name || task === name);
  if (!manifest)
    throw new Misconfigured(`there is no release or task “${name}” in ${directory}`, {
      code: 'model-missing',
      fix: `Choose from ${manifests.map(({ release }) => release).join(', ')}.`,
    });
  return {
    manifest,
    card: await readFile(join(directory, manifest.task, manifest.version, 'card.md'), 'utf8'),
  };
}
