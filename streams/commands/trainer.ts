// Placeholder.
import type { Define } from './command.ts';

export const trainer: Define = (program, _context, action) => {
  program
    .command('trainer')
    .description('run the trainer alone')
    .action(action(async () => 1));
};
