// Alerts: something a person should know.
import { envelope, type MessageOf, topic } from './topic.ts';

export const alerts = topic({
  name: 'alerts',
  title: 'Alert',
  version: 2,
  doc: 'Something a person should know, once when it begins, at each step of its escalation, and once when it ends.',
  key: 'rule',
  partitions: 1,
  fields: {
    ...envelope,
    rule: { type: 'label', doc: 'The rule that fired; equal rules are one alert.' },
    severity: { type: 'label', doc: 'How urgent.', values: ['info', 'warning', 'critical'] },
    state: { type: 'label', doc: 'Begun or over.', values: ['firing', 'resolved'] },
    summary: { type: 'text', doc: 'What happened, in one line.' },
    group: {
      type: 'label',
      doc: 'What it is told of together with: a task, a stream, a rule’s own word.',
      optional: true,
    },
    evidence: { type: 'texts-by-name', doc: 'What it rests on: ids of reports, releases, values.' },
  },
  orderBy: ['rule', 'eventTime', 'id'],
  producers: ['alerts', 'watchdog'],
  consumers: ['notifications', 'people', 'ClickHouse'],
});
export type Alert = MessageOf<typeof alerts>;
