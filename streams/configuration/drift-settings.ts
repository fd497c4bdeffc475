// Settings of the drift jobs.
import { count, fraction, milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const drift = {
  windowMs: setting({
    variable: 'MILLRACE_DRIFT_WINDOW_MS',
    kind: milliseconds({ min: 60_000 }),
    default: 3_600_000,
    unit: 'ms',
    doc: 'Span of traffic that is compared with a release’s baseline.',
  }),
  everyMs: setting({
    variable: 'MILLRACE_DRIFT_EVERY_MS',
    kind: milliseconds({ min: 1_000 }),
    default: 60_000,
    unit: 'ms',
    doc: 'Time between comparisons.',
  }),
  samplesMin: setting({
    variable: 'MILLRACE_DRIFT_SAMPLES_MIN',
    kind: count({ min: 1 }),
    default: 500,
    unit: 'records',
    doc: 'A window with fewer samples is not judged.',
  }),
  psiThreshold: setting({
    variable: 'MILLRACE_DRIFT_PSI_THRESHOLD',
    kind: fraction({ min: 0 }),
    default: 0.25,
    doc: 'Population stability index from which a feature counts as drifted.',
  }),
  jensenShannonThreshold: setting({
    variable: 'MILLRACE_DRIFT_JENSEN_SHANNON_THRESHOLD',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.1,
    doc: 'Jensen–Shannon divergence (base 2) from which a feature counts as drifted.',
  }),
};
