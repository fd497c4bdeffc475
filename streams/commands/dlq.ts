// `millrace dlq`: the dead letters: what is there, everything of one, and back into their topics.
import type { Define } from './command.ts';
import { defineList } from './dlq-list.ts';
import { defineRedrive } from './dlq-redrive.ts';
import { defineShow } from './dlq-show.ts';

export const dlq: Define = (program, context, action) => {
  const group = program
    .command('dlq')
    .description('dead letters: list what stages refused and why, show one whole, put them back (redrive)');
  defineList(group, context, action);
  defineShow(group, context, action);
  defineRedrive(group, context, action);
};
