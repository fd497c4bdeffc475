// What the label commands have in common: who labels, and in which role.
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import type { LabelBudget } from '../../schemas/requests.ts';

export interface LabellerOptions {
  readonly task: string;
  readonly by: string;
  readonly labeller?: string;
  readonly overBudget?: boolean;
  readonly json?: boolean;
}

/** Adds the task, the role and the labeller to a command that gives labels. */
export const withLabeller = (command: Command): Command =>
  command
    .requiredOption('--task <task>', 'the task whose answers are labelled')
    .option(
      '--by <role>',
      'reviewer, user or system: whom the label is by, and so how far it is believed',
      role,
      'reviewer',
    )
    .option('--labeller <name>', 'who labels, for the budget; by default this user')
    .option('--json', 'print JSON');

function role(text: string): string {
  if (['reviewer', 'user', 'system'].includes(text)) return text;
  throw new InvalidArgumentError('Roles are reviewer, user and system.');
}

/** The labeller by name; as far as the system knows, who does not name one. */
export function labellerOf({ labeller }: Pick<LabellerOptions, 'labeller'>): string {
  if (labeller !== undefined) return labeller;
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no user has.
    return 'unknown';
  }
}

/** Throws `Misconfigured` (`label-budget`) when none of today’s labels is left. */
export function assertWithinBudget(
  { left, perDay, used }: LabelBudget,
  { task, overBudget }: Pick<LabellerOptions, 'task' | 'overBudget'>,
): void {
  if (left > 0 || overBudget) return;
  throw new Misconfigured(`today’s ${perDay} labels of ${task} are given (${used} by this labeller)`, {
    code: 'label-budget',
    fix: 'Go on tomorrow (UTC), raise MILLRACE_LABELS_PER_DAY_MAX, or add --over-budget.',
  });
}
