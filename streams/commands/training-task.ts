// The task that a command trains or searches, from its name and options, and how those options are read.
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { repositoryDirectories } from '../../trainers/data-sets/catalog.ts';
import { openDataSet } from '../../trainers/data-sets/open.ts';
import { type Split, splitData } from '../../trainers/data-sets/split.ts';
import type { Task } from '../../trainers/task.ts';
import { declareTask } from '../../trainers/tasks/declared-task.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';
import { type TrainerKind, trainers } from '../../trainers/trainers.ts';
import type { CommandContext } from './command.ts';
import { placesOf } from './data-places.ts';

/** What names a task and its rows. */
export interface TaskOptions {
  readonly on?: string;
  readonly setVersion?: string;
  readonly seed: number;
  readonly data?: string;
}

export const kinds = Object.keys(trainers) as readonly TrainerKind[];

/** Parses the version of a release. */
export function versionText(text: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(text)) throw new InvalidArgumentError('Write it as 1.2.0.');
  return text;
}

/** Parses one of some words. */
export const oneOf =
  <Word extends string>(words: readonly Word[]) =>
  (text: string): Word => {
    const word = words.find((known) => known === text);
    if (word === undefined) throw new InvalidArgumentError(`It has to be one of ${words.join(', ')}.`);
    return word;
  };

/** Collects an option that may be given several times. */
export const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];

/** A task, and its rows where they are not its own. */
interface Chosen {
  readonly task: Task;
  readonly split?: Split;
}

/** A task of the repository, or one over the data set that `--on` names. */
export async function taskFor(context: CommandContext, name: string, options: TaskOptions): Promise<Chosen> {
  const { on, setVersion, seed } = options;
  if (on !== undefined) {
    const set = await openDataSet(on, placesOf(context, options));
    return declareTask(taskName(name), setVersion ?? '1.0.0', set, seed);
  }
  const task = tasks.find((known) => known.task === name);
  if (task) return { task: setVersion === undefined ? task : { ...task, version: setVersion } };
  throw new Misconfigured(`there is no task "${name}"`, {
    code: 'unknown-task',
    fix: `Choose from ${tasks.map((known) => known.task).join(', ')}, or name the data it is learned from with --on.`,
  });
}

function taskName(name: string): string {
  if (/^[a-z][a-z0-9-]*$/.test(name)) return name;
  throw new Misconfigured(`"${name}" cannot be the name of a task`, {
    code: 'bad-task-name',
    fix: 'Use small letters, digits and hyphens, beginning with a letter, such as review-topics.',
  });
}

/** The rows of a task of the repository, with those beside it where `--data` names them. */
export const readSplit = (
  { workingDirectory }: CommandContext,
  task: Task,
  { data, seed }: Pick<TaskOptions, 'data' | 'seed'>,
): Promise<Split> =>
  splitData(
    task,
    { ...repositoryDirectories, unshipped: data === undefined ? undefined : resolve(workingDirectory, data) },
    seed,
  );
