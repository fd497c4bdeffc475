// Where the work of requests lies: `<dataDirectory>/retraining/<task>/<request>/`.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TrialFolder } from '../../trainers/retraining/trial-folder.ts';
import type { Configuration } from '../configuration/configuration.ts';

type Place = Pick<Configuration, 'dataDirectory'>;

const rootOf = ({ dataDirectory }: Place): string => resolve(dataDirectory, 'retraining');

export const folderOf = (place: Place, task: string, request: string): TrialFolder =>
  new TrialFolder(join(rootOf(place), task, request));

/** The data sets of this machine, as `millrace data` keeps them. */
export const setsOf = ({ dataDirectory }: Place): string => join(resolve(dataDirectory), 'sets');

/** Runs, as `millrace runs` lists them. */
export const runsOf = ({ dataDirectory }: Place): string => join(resolve(dataDirectory), 'runs');

/** Requests that were worked on here, of one task or of all, those that were begun last first. */
export async function workedOn(
  place: Place,
  task?: string,
): Promise<readonly { readonly task: string; readonly request: string }[]> {
  const root = rootOf(place);
  const found: { readonly task: string; readonly request: string; readonly at: number }[] = [];
  for (const each of task === undefined ? await namesIn(root) : [task])
    for (const request of await namesIn(join(root, each))) {
      const { birthtimeMs } = await stat(join(root, each, request));
      found.push({ task: each, request, at: birthtimeMs });
    }
  return found.sort((a, b) => b.at - a.at);
}

const namesIn = (path: string): Promise<string[]> =>
  readdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
