// Settings of retraining.
import { milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const retraining = {
  everyMs: setting({
    variable: 'MILLRACE_RETRAINING_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 10_000,
    unit: 'ms',
    doc: 'Time between looks at what may ask for retraining.',
  }),
};
