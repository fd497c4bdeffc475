// Settings of labelling: which messages are handed out to be labelled, to whom, how many.
import { count, fraction, milliseconds } from './quantity.ts';
import { setting } from './setting.ts';

const weight = (name: string, byDefault: number, doc: string) =>
  setting({
    variable: `MILLRACE_LABELS_WEIGHT_${name}`,
    kind: fraction({ min: 0 }),
    default: byDefault,
    doc,
  });

export const labels = {
  spanMs: setting({
    variable: 'MILLRACE_LABELS_SPAN_MS',
    kind: milliseconds({ min: 60_000 }),
    default: 86_400_000,
    unit: 'ms',
    doc: 'Messages of this recent span are offered to be labelled.',
  }),
  poolMax: setting({
    variable: 'MILLRACE_LABELS_POOL_MAX',
    kind: count({ min: 10, max: 100_000 }),
    default: 2_000,
    unit: 'texts',
    doc: 'Messages of the span that the most valuable ones are chosen from: a random choice in which disputed and drifted ones are sixteen times as likely.',
  }),
  perDayMax: setting({
    variable: 'MILLRACE_LABELS_PER_DAY_MAX',
    kind: count({ min: 0 }),
    default: 200,
    doc: 'Labels of one task that one labeller is asked for a day (UTC).',
  }),
  leaseMs: setting({
    variable: 'MILLRACE_LABELS_LEASE_MS',
    kind: milliseconds({ min: 1_000 }),
    default: 600_000,
    unit: 'ms',
    doc: 'A message that was handed out is offered to nobody else for so long.',
  }),
  weights: {
    uncertainty: weight(
      'UNCERTAINTY',
      1,
      'What it counts that the two leading answers are close to each other.',
    ),
    disagreement: weight('DISAGREEMENT', 1, 'What it counts that releases or arms answer differently.'),
    drift: weight(
      'DRIFT',
      0.5,
      'What it counts that a message lies where the newest drift report saw a move.',
    ),
    diversity: weight(
      'DIVERSITY',
      0.5,
      'What it costs to be like a message that is chosen already; 0 lets near-duplicates through.',
    ),
  },
};
