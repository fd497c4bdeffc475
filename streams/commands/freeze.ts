// Placeholder.
import type { Define } from './command.ts';

export const freeze: Define = (program, _context, action) => {
  program
    .command('freeze')
    .description('stop the loop for a task')
    .action(action(async () => 1));
};
