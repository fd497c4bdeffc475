// Placeholder.
import type { Define } from './command.ts';

export const retrain: Define = (program, _context, action) => {
  program
    .command('retrain')
    .description('ask for a new model')
    .action(action(async () => 1));
};
