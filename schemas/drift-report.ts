// Drift reports: how one window of traffic compares with what a release was trained on.
import { kinds } from './features.ts';
import { envelope, type MessageOf, topic } from './topic.ts';

export const driftReports = topic({
  name: 'drift-reports',
  title: 'DriftReport',
  version: 2,
  doc: 'One window of one release’s traffic of one kind against the release’s frozen baseline.',
  key: 'release',
  partitions: 1,
  fields: {
    ...envelope,
    job: { type: 'label', doc: 'The drift job that looked.' },
    release: { type: 'label', doc: 'The release whose baseline was used, `task@version`.' },
    kind: { type: 'label', doc: 'Which messages were looked at.', values: kinds, optional: true },
    windowStart: { type: 'time', unit: 'ms', doc: 'First instant of the window.' },
    windowEnd: { type: 'time', unit: 'ms', doc: 'First instant after the window.' },
    samples: { type: 'count', unit: 'messages', doc: 'Messages in the window.' },
    baselineSamples: { type: 'count', unit: 'messages', doc: 'Messages in the baseline.' },
    verdict: {
      type: 'label',
      doc: 'Whether the release’s world has moved.',
      values: ['stable', 'drifted', 'too-few-samples'],
    },
    dataScore: {
      type: 'double',
      unit: 'ratio (0–1)',
      doc: 'Share of the compared features of the texts that drifted; a window drifts from the job’s data threshold on.',
      optional: true,
    },
    predictionScore: {
      type: 'double',
      unit: 'ratio (0–1)',
      doc: 'Jensen–Shannon distance of labels and confidence from the baseline, the larger of both.',
      optional: true,
    },
    expectedAccuracy: {
      type: 'double',
      unit: 'ratio (0–1)',
      doc: 'Accuracy that the calibrated confidences of the window promise.',
      optional: true,
    },
    accuracy: {
      type: 'double',
      unit: 'ratio (0–1)',
      doc: 'Accuracy on the messages of the window that have a label by now.',
      optional: true,
    },
    labelled: {
      type: 'count',
      unit: 'messages',
      doc: 'Messages that this accuracy rests on.',
      optional: true,
    },
    statistics: {
      type: 'records',
      name: 'Statistic',
      doc: 'One entry per compared feature and statistic.',
      fields: {
        feature: {
          type: 'label',
          doc: 'What was compared: `label`, `confidence`, `length`, `language`, a feature by its name, or what texts are compared by (`vocabulary`, `domain`).',
        },
        statistic: { type: 'label', doc: 'Which test, such as `psi` or `jensen-shannon`.' },
        value: { type: 'double', doc: 'The statistic.' },
        threshold: { type: 'double', doc: 'The value from which it counts as drift.' },
        drifted: {
          type: 'flag',
          doc: 'Value at or above threshold, and significant where there is a p-value.',
        },
        pValue: {
          type: 'double',
          unit: 'probability',
          doc: 'Chance of such a value without drift, corrected for the number of features.',
          optional: true,
        },
      },
    },
    slices: {
      type: 'records',
      name: 'Slice',
      optional: true,
      doc: 'Parts of the traffic that moved most, the largest move first.',
      fields: {
        feature: { type: 'label', doc: 'Feature.' },
        bin: { type: 'label', doc: 'Value, or span of values, in words.' },
        before: { type: 'double', unit: 'ratio (0–1)', doc: 'Share in the baseline.' },
        after: { type: 'double', unit: 'ratio (0–1)', doc: 'Share in the window.' },
      },
    },
    examples: { type: 'texts', doc: 'Ids of messages from the parts that moved.', optional: true },
    recommendations: { type: 'texts', doc: 'What to do about it, for people.', optional: true },
    summary: { type: 'text', doc: 'What moved, for people.' },
  },
  orderBy: ['release', 'windowEnd', 'id'],
  producers: ['drift'],
  consumers: ['alerts', 'ClickHouse', 'products'],
});
export type DriftReport = MessageOf<typeof driftReports>;
export type Statistic = DriftReport['statistics'][number];
export type Slice = NonNullable<DriftReport['slices']>[number];
