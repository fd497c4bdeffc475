// Drift reports: how one window of traffic compares with what a release was trained on.
import { envelope, type MessageOf, topic } from './topic.ts';

export const driftReports = topic({
  name: 'drift-reports',
  title: 'DriftReport',
  version: 1,
  doc: 'One window of one release’s traffic against the release’s frozen baseline.',
  key: 'release',
  partitions: 1,
  fields: {
    ...envelope,
    job: { type: 'label', doc: 'The drift job that looked.' },
    release: { type: 'label', doc: 'The release whose baseline was used, `task@version`.' },
    windowStart: { type: 'time', unit: 'ms', doc: 'First instant of the window.' },
    windowEnd: { type: 'time', unit: 'ms', doc: 'First instant after the window.' },
    samples: { type: 'count', unit: 'messages', doc: 'Messages in the window.' },
    baselineSamples: { type: 'count', unit: 'messages', doc: 'Messages in the baseline.' },
    verdict: {
      type: 'label',
      doc: 'Whether the release’s world has moved.',
      values: ['stable', 'drifted', 'too-few-samples'],
    },
    statistics: {
      type: 'records',
      name: 'Statistic',
      doc: 'One entry per compared feature and statistic.',
      fields: {
        feature: { type: 'label', doc: 'What was compared: `label`, `confidence`, `length`, `language`.' },
        statistic: { type: 'label', doc: '`psi` or `jensen-shannon`.' },
        value: { type: 'double', doc: 'The statistic.' },
        threshold: { type: 'double', doc: 'The value from which it counts as drift.' },
        drifted: { type: 'flag', doc: 'Value at or above threshold.' },
      },
    },
    summary: { type: 'text', doc: 'What moved, for people.' },
  },
  orderBy: ['release', 'windowEnd', 'id'],
  producers: ['drift'],
  consumers: ['ClickHouse', 'products'],
});
export type DriftReport = MessageOf<typeof driftReports>;
export type Statistic = DriftReport['statistics'][number];
