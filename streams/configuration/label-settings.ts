// Settings of labels.
import { milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const labels = {
  everyMs: setting({
    variable: 'MILLRACE_LABELS_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 10_000,
    unit: 'ms',
    doc: 'Placeholder.',
  }),
};
