// From what a person asks of a search to the plan of a study, checked against the trainer’s options.
import { Misconfigured } from '../../schemas/errors.ts';
import { optionsOf } from '../options.ts';
import type { Task } from '../task.ts';
import { type TrainerKind, trainers } from '../trainers.ts';
import { defaultSpaces } from './default-spaces.ts';
import { defaultObjective } from './objective.ts';
import type { Search } from './sampling.ts';
import { type OptionValue, type Range, readRange, type Space } from './space.ts';
import type { StudyPlan } from './study-file.ts';

export interface Wishes {
  /** `name=…` for each option that is searched; none for the default space of the trainer. */
  readonly space: readonly string[];
  readonly search: Search;
  readonly seed: number;
  readonly folds: number;
  readonly prune: boolean;
  readonly objective?: string | undefined;
}

/**
 * The plan of a study on a task. Throws `Misconfigured` for options the trainer does not have, for values it refuses,
 * and where there is no default space.
 */
export function searchPlan(task: Task, wishes: Wishes, data: StudyPlan['data']): StudyPlan {
  const { kind, parameters } = task.training;
  const { search, seed, folds, prune } = wishes;
  const space =
    wishes.space.length > 0 ? Object.fromEntries(wishes.space.map(readRange)) : defaultSpaces[kind];
  if (space === undefined)
    throw new Misconfigured(`nothing is known that is worth searching for the ${kind} trainer`, {
      code: 'no-default-space',
      fix: `Name options with --space, such as --space ${optionsOf(kind)[0]?.name}=…; see “millrace train ${task.task} --show-options”.`,
    });
  checkSpace(kind, space);
  const fixed = Object.fromEntries(Object.entries(parameters).filter(([name]) => !(name in space)));
  const objective = wishes.objective ?? defaultObjective(task);
  return { task: task.task, trainer: kind, fixed, search, space, seed, objective, folds, prune, data };
}

function checkSpace(kind: TrainerKind, space: Space): void {
  const known = optionsOf(kind).map(({ name }) => name);
  for (const [name, range] of Object.entries(space)) {
    if (!known.includes(name))
      throw new Misconfigured(`the ${kind} trainer has no option “${name}”`, {
        code: 'bad-space',
        fix: `Choose from ${known.join(', ')}.`,
      });
    for (const value of endsOf(range)) {
      if (!trainers[kind].parameters.safeParse({ [name]: value }).success)
        throw new Misconfigured(`the ${kind} trainer refuses ${name}=${value}`, {
          code: 'bad-space',
          fix: `It has to be ${optionsOf(kind).find((option) => option.name === name)?.type}, within its limits.`,
        });
    }
  }
}

const endsOf = (range: Range): readonly OptionValue[] =>
  range.kind === 'choice' ? range.values : [range.low, range.high];
