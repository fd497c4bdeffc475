// Settings of retraining: what asks for a new model, what is learned from, and what a candidate has to show.
import { z } from 'zod';
import { bytes, count, fraction, milliseconds } from './quantity.ts';
import { type Kind, list, setting } from './setting.ts';

/** What may ask for retraining by itself. */
export const causes = ['drift', 'error', 'accuracy', 'labels', 'schedule', 'detector'] as const;
export type Cause = (typeof causes)[number];

const duration = milliseconds({ min: 0 });
const share = fraction({ min: 0, max: 1 });
const number = (kind: Kind<number>) =>
  z.preprocess((given) => (typeof given === 'string' ? kind.fromText(given) : given), kind.schema);
const names = z.preprocess(
  (given) => (typeof given === 'string' ? given.split('|').filter((name) => name !== '') : given),
  z.array(z.string()).readonly(),
);

const ruleSchema = z
  .strictObject({
    task: z.string().regex(/^[a-z][a-z0-9-]*$/, 'no name of a task'),
    triggers: names.pipe(z.array(z.enum(causes)).readonly()).optional(),
    cooldown: number(duration).optional(),
    schedule: number(duration).optional(),
    error: number(fraction({ min: 0, max: 100 })).optional(),
    accuracy: number(share).optional(),
    labels: number(count({ min: 1 })).optional(),
    gain: number(share).optional(),
    protected: names.optional(),
  })
  .readonly();
/** What holds for one task instead of the settings of all; what is left out stays theirs. */
export type RetrainingRule = z.infer<typeof ruleSchema>;

/** `task=toxicity accuracy=0.8 cooldown=1h; task=…` in a variable, a list of mappings in YAML. */
const ruleList: Kind<readonly RetrainingRule[]> = {
  wanted:
    'rules, each with task, of task, triggers (between |), cooldown, schedule, error, accuracy, labels, gain, protected (between |)',
  schema: z.array(ruleSchema),
  fromText: (given) =>
    given
      .split(';')
      .filter((part) => part.trim() !== '')
      .map((part) => Object.fromEntries(part.trim().split(/\s+/).map(pairOf))),
  emptyIsNone: true,
  explains: true,
};

function pairOf(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}

export const retraining = {
  everyMs: setting({
    variable: 'MILLRACE_RETRAINING_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 60_000,
    unit: 'ms',
    doc: 'Time between looks at what may ask for retraining. Requests are answered as they come.',
  }),
  tasks: setting({
    variable: 'MILLRACE_RETRAINING_TASKS',
    kind: list({ empty: true }),
    default: [],
    doc: 'Tasks whose requests for retraining this process answers by training. Requests of other tasks stay open for a person: `millrace retrain list`.',
  }),
  triggers: setting({
    variable: 'MILLRACE_RETRAINING_TRIGGERS',
    kind: list({ values: causes, empty: true }),
    default: ['drift', 'error', 'accuracy', 'labels', 'schedule', 'detector'],
    doc: 'What may ask for retraining by itself, the first that holds being the cause. A person always may.',
  }),
  rules: setting({
    variable: 'MILLRACE_RETRAINING_RULES',
    kind: ruleList,
    default: [],
    doc: 'What holds for single tasks instead: `task=toxicity accuracy=0.8 cooldown=1h triggers=accuracy|labels`, several between semicolons; in YAML a list. Beside `task`: `triggers`, `cooldown`, `schedule`, `error` (points), `accuracy`, `labels`, `gain`, `protected`.',
  }),
  cooldownMs: setting({
    variable: 'MILLRACE_RETRAINING_COOLDOWN_MS',
    kind: duration,
    default: 21_600_000,
    unit: 'ms',
    doc: 'Time that a task rests after its last request, training or experiment came to an end.',
  }),
  scheduleMs: setting({
    variable: 'MILLRACE_RETRAINING_SCHEDULE_MS',
    kind: duration,
    default: 0,
    unit: 'ms',
    doc: 'Asks at every whole multiple of this span since 1970 (UTC): `24h` is every midnight. 0: never.',
  }),
  driftReportsMin: setting({
    variable: 'MILLRACE_RETRAINING_DRIFT_REPORTS_MIN',
    kind: count({ min: 1, max: 100 }),
    default: 1,
    doc: 'Reports in a row, of the release that serves, that have to say drifted.',
  }),
  errorPointsMax: setting({
    variable: 'MILLRACE_RETRAINING_ERROR_POINTS_MAX',
    kind: fraction({ min: 0, max: 100 }),
    default: 15,
    doc: 'Mean error of the last labelled scores, in points of 100, above which a task that gives scores asks.',
  }),
  errorLast: setting({
    variable: 'MILLRACE_RETRAINING_ERROR_LAST',
    kind: count({ min: 10, max: 10_000 }),
    default: 100,
    unit: 'records',
    doc: 'Labelled answers that this mean is taken over; fewer are not judged.',
  }),
  accuracyMin: setting({
    variable: 'MILLRACE_RETRAINING_ACCURACY_MIN',
    kind: share,
    default: 0.5,
    unit: 'share',
    doc: 'Accuracy on labelled answers below which a task that labels asks, beyond chance (Wilson’s interval).',
  }),
  accuracySamplesMin: setting({
    variable: 'MILLRACE_RETRAINING_ACCURACY_SAMPLES_MIN',
    kind: count({ min: 10 }),
    default: 100,
    unit: 'records',
    doc: 'Labelled answers below which accuracy is not judged.',
  }),
  labelsNew: setting({
    variable: 'MILLRACE_RETRAINING_LABELS_NEW',
    kind: count({ min: 1 }),
    default: 1_000,
    unit: 'records',
    doc: 'Labels since the last training above which a task asks.',
  }),
  detectorLast: setting({
    variable: 'MILLRACE_RETRAINING_DETECTOR_LAST',
    kind: count({ min: 100, max: 100_000 }),
    default: 2_000,
    unit: 'records',
    doc: 'Last labelled answers whose errors an online detector of change (ADWIN) is shown.',
  }),
  spanMs: setting({
    variable: 'MILLRACE_RETRAINING_SPAN_MS',
    kind: milliseconds({ min: 60_000 }),
    default: 2_592_000_000,
    unit: 'ms',
    doc: 'Span of labelled messages that is learned from, back from when a training begins.',
  }),
  rowsMax: setting({
    variable: 'MILLRACE_RETRAINING_ROWS_MAX',
    kind: count({ min: 1_000 }),
    default: 100_000,
    unit: 'records',
    doc: 'Labelled messages of it at most, the newest.',
  }),
  textBytesMax: setting({
    variable: 'MILLRACE_RETRAINING_TEXT_BYTES_MAX',
    kind: bytes({ min: 1_048_576 }),
    default: 67_108_864,
    unit: 'bytes',
    doc: 'Bytes of their texts at most, the newest.',
  }),
  keepMs: setting({
    variable: 'MILLRACE_RETRAINING_KEEP_MS',
    kind: duration,
    default: 2_592_000_000,
    unit: 'ms',
    doc: 'Time that the texts which a request was answered from are kept. A later training goes over them again; without them it does without. The models of a trial go with its request.',
  }),
  labelsMin: setting({
    variable: 'MILLRACE_RETRAINING_LABELS_MIN',
    kind: count({ min: 10 }),
    default: 300,
    unit: 'records',
    doc: 'Texts with a usable label without which nothing is trained.',
  }),
  recentShare: setting({
    variable: 'MILLRACE_RETRAINING_RECENT_SHARE',
    kind: fraction({ min: 0.05, max: 0.5 }),
    default: 0.2,
    unit: 'share',
    doc: 'Share of these texts, the newest, that is judged on and never learned from.',
  }),
  calibrationShare: setting({
    variable: 'MILLRACE_RETRAINING_CALIBRATION_SHARE',
    kind: fraction({ min: 0, max: 0.5 }),
    default: 0.1,
    unit: 'share',
    doc: 'Share of the other texts that confidence is calibrated on.',
  }),
  recentWeight: setting({
    variable: 'MILLRACE_RETRAINING_RECENT_WEIGHT',
    kind: fraction({ min: 0.1, max: 100 }),
    default: 2,
    doc: 'How much a labelled message counts beside a row that the present release learned from.',
  }),
  conflictingMax: setting({
    variable: 'MILLRACE_RETRAINING_CONFLICTING_MAX',
    kind: share,
    default: 0.1,
    unit: 'share',
    doc: 'Share of the rows that may be texts with several answers; more stops the training.',
  }),
  unknownMax: setting({
    variable: 'MILLRACE_RETRAINING_UNKNOWN_MAX',
    kind: share,
    default: 0.2,
    unit: 'share',
    doc: 'Share of the rows that may have labels which the model does not know; more stops the training.',
  }),
  suspiciousMax: setting({
    variable: 'MILLRACE_RETRAINING_SUSPICIOUS_MAX',
    kind: share,
    default: 0.4,
    unit: 'share',
    doc: 'Share of the labels that a model which has not seen them may doubt; more stops the training.',
  }),
  gainMin: setting({
    variable: 'MILLRACE_RETRAINING_GAIN_MIN',
    kind: share,
    default: 0.05,
    unit: 'share',
    doc: 'Share of the serving release’s error on the newest texts that a candidate has to take away.',
  }),
  significance: setting({
    variable: 'MILLRACE_RETRAINING_SIGNIFICANCE',
    kind: fraction({ min: 0.0001, max: 0.5 }),
    default: 0.05,
    unit: 'probability',
    doc: 'Chance at which a difference counts as none of chance.',
  }),
  lossMax: setting({
    variable: 'MILLRACE_RETRAINING_LOSS_MAX',
    kind: share,
    default: 0.02,
    unit: 'share',
    doc: 'Rise of the error on what was learned before, and on a protected slice, that a candidate may show though it is significant.',
  }),
  protected: setting({
    variable: 'MILLRACE_RETRAINING_PROTECTED',
    kind: list({ empty: true }),
    default: ['language', 'kind', 'tenant'],
    doc: 'Columns whose slices must not lose: `language`, `kind`, `tenant`, `label`, `length`.',
  }),
  sliceSamplesMin: setting({
    variable: 'MILLRACE_RETRAINING_SLICE_SAMPLES_MIN',
    kind: count({ min: 10 }),
    default: 100,
    unit: 'records',
    doc: 'Slices with fewer of the newest texts are not judged.',
  }),
};
