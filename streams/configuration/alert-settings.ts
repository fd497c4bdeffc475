// Settings of alerting.
import { milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const alerting = {
  everyMs: setting({
    variable: 'MILLRACE_ALERTS_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 10_000,
    unit: 'ms',
    doc: 'Time between looks at what alert rules watch.',
  }),
};
