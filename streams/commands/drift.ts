// Placeholder.
import type { Define } from './command.ts';

export const drift: Define = (program, _context, action) => {
  program
    .command('drift')
    .description('look at drift reports')
    .action(action(async () => 1));
};
