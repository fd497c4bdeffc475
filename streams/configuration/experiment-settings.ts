// Settings of experiments.
import { milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const experiments = {
  everyMs: setting({
    variable: 'MILLRACE_EXPERIMENTS_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 10_000,
    unit: 'ms',
    doc: 'Time between looks at the experiments under way.',
  }),
};
