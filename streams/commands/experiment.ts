// `millrace experiment`: start, look at, stop and list experiments.
import type { Command } from 'commander';
import type { Action, CommandContext, Define } from './command.ts';
import { defineList } from './experiment-list.ts';
import { defineStart } from './experiment-start.ts';
import { defineStatus } from './experiment-status.ts';
import { defineStop } from './experiment-stop.ts';

export const experiment: Define = (program, context, action) => {
  const group: Command = program
    .command('experiment')
    .description('candidates on trial: start one by hand, see how far it is, stop it, list all')
    .addHelpText(
      'after',
      `
The job “experiments” takes each candidate through a shadow, in which it answers unseen, and a canary, in which it serves
a share of the people, to its promotion or its rollback. Several may be on trial for a task at once, against the same
control. How it decides stands in docs/experiments.md.`,
    );
  for (const define of [defineStart, defineStop, defineStatus, defineList] satisfies Defining[])
    define(group, context, action);
};

type Defining = (group: Command, context: CommandContext, action: Action) => void;
