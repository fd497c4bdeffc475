// Placeholder.
import type { Define } from './command.ts';

export const label: Define = (program, _context, action) => {
  program
    .command('label')
    .description('label messages')
    .action(action(async () => 1));
};
