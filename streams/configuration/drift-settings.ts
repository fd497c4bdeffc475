// Settings of the drift jobs.
import { driftJobList } from './drift-job-settings.ts';
import { count, fraction, milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

export const drift = {
  jobs: setting({
    variable: 'MILLRACE_DRIFT_JOBS',
    kind: driftJobList,
    default: [],
    doc: 'What is looked at for drift, and how: `name=hourly tasks=toxicity,sentiment size=1h`, several between semicolons; in YAML a list. Optional: `tasks` or `releases` (else all), `kind` (`comment` or `prompt`, else each), `tenants` (`together`, `apart`), `window` (`tumbling`, or `sliding` with a `step`), `size` and `step` (whole minutes), `features` (else all of the baseline), `statistics`, `thresholds` (`psi:0.2,hellinger:0.1`) or `falseAlarmRate` (thresholds are resampled for it), `correction` (`holm`, `benjamini-hochberg`, `none`), `samplesMin`, `dataThreshold`, `predictionThreshold`. None: one job over everything, by the settings below.',
  }),
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
  falseAlarmRate: setting({
    variable: 'MILLRACE_DRIFT_FALSE_ALARM_RATE',
    kind: fraction({ min: 1e-6, max: 0.5 }),
    default: 0.01,
    unit: 'share',
    doc: 'Share of windows in which chance alone may count as drift: p-values, corrected for all features of a window, have to be below it.',
  }),
  effectMin: setting({
    variable: 'MILLRACE_DRIFT_EFFECT_MIN',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.05,
    doc: 'Jensen–Shannon distance from a feature’s baseline from which on a change that is no chance (by χ²) matters. 0.1 where every alarm is dear.',
  }),
  dataThreshold: setting({
    variable: 'MILLRACE_DRIFT_DATA_THRESHOLD',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.1,
    unit: 'share',
    doc: 'Share of the compared features of the texts from which on a window has drifted.',
  }),
  predictionThreshold: setting({
    variable: 'MILLRACE_DRIFT_PREDICTION_THRESHOLD',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.05,
    doc: 'Jensen–Shannon distance of labels or confidence from which on a window has drifted, whatever a job’s statistics say, where it is no chance.',
  }),
  latenessMs: setting({
    variable: 'MILLRACE_DRIFT_LATENESS_MS',
    kind: milliseconds({ min: 0 }),
    default: 30_000,
    unit: 'ms',
    doc: 'How long after its end a window waits for late messages. It is examined then, once a later message is stored or none has come for as long.',
  }),
};
