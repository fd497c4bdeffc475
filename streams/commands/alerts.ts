// Placeholder.
import type { Define } from './command.ts';

export const alerts: Define = (program, _context, action) => {
  program
    .command('alerts')
    .description('look at alerts')
    .action(action(async () => 1));
};
