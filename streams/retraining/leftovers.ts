// Gives disk back: the models of requests that are over, and texts that were kept long enough.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskState } from '../../processors/experiments/task-state.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { folderOf, workedOn } from './folders.ts';

/** So long nothing has to have been noted in a folder: a decision that this process has not read yet may be about it. */
const quietMs = 3_600_000;

/** Goes through the folders of all requests that are not open. Throws what the file system throws. */
export async function removeLeftovers(
  configuration: Pick<Configuration, 'dataDirectory' | 'retraining'>,
  stateOf: (task: string) => Pick<TaskState, 'retraining'>,
  now: number,
): Promise<void> {
  for (const { task, request } of await workedOn(configuration)) {
    if (stateOf(task).retraining?.request === request) continue;
    const folder = folderOf(configuration, task, request);
    if ((await ageOf(folder.path, now)) < quietMs) continue;
    if ((await ageOf(join(folder.path, 'progress.json'), now)) < quietMs) continue;
    await folder.removeModels();
    if ((await ageOf(folder.labelled, now)) > configuration.retraining.keepMs)
      await rm(folder.labelled, { force: true });
  }
}

/** Time since a file was written, in milliseconds; endless where it is not there. */
async function ageOf(path: string, now: number): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  return found === null ? Number.POSITIVE_INFINITY : now - found.mtimeMs;
}
