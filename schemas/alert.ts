// Alerts: something a person should know.
import { envelope, type MessageOf, topic } from './topic.ts';

export const alerts = topic({
  name: 'alerts',
  title: 'Alert',
  version: 1,
  doc: 'Something a person should know, once when it begins and once when it ends.',
  key: 'rule',
  partitions: 1,
  fields: {
    ...envelope,
    rule: { type: 'label', doc: 'The rule that fired; equal rules are one alert.' },
    severity: { type: 'label', doc: 'How urgent.', values: ['info', 'warning', 'critical'] },
    state: { type: 'label', doc: 'Begun or over.', values: ['firing', 'resolved'] },
    summary: { type: 'text', doc: 'What happened, in one line.' },
    evidence: { type: 'texts-by-name', doc: 'What it rests on: ids of reports, releases, values.' },
  },
  orderBy: ['rule', 'eventTime', 'id'],
  producers: ['drift', 'watchdog'],
  consumers: ['people', 'ClickHouse'],
});
export type Alert = MessageOf<typeof alerts>;
