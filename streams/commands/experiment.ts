// Placeholder.
import type { Define } from './command.ts';

export const experiment: Define = (program, _context, action) => {
  program
    .command('experiment')
    .description('start, look at and stop experiments')
    .action(action(async () => 1));
};
