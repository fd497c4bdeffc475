// Model events: every decision about a model. The latest of a key says where its release stands.
import { envelope, type MessageOf, topic } from './topic.ts';

const modelEventKinds = [
  'released',
  'retraining-requested',
  'candidate-trained',
  'shadowed',
  'canaried',
  'promoted',
  'rolled-back',
] as const;

export const modelEvents = topic({
  name: 'model-events',
  title: 'ModelEvent',
  version: 1,
  doc: 'A decision about a model, with its evidence. Compacted by subject: the latest says what holds.',
  key: 'subject',
  partitions: 1,
  compacted: true,
  fields: {
    ...envelope,
    subject: {
      type: 'text',
      doc: '`task/event` for what holds for a task, `task@version/event` for a release.',
      maxLength: 256,
    },
    event: { type: 'label', doc: 'What was decided.', values: modelEventKinds },
    task: { type: 'label', doc: 'Task the decision is about.' },
    release: { type: 'label', doc: 'Release the decision is about, `task@version`.' },
    reason: { type: 'text', doc: 'Why, for people.' },
    evidence: { type: 'texts-by-name', doc: 'What it rests on: ids of reports, windows, figures.' },
  },
  orderBy: ['task', 'eventTime', 'id'],
  producers: ['drift', 'trainers', 'experiments', 'people'],
  consumers: ['trainers', 'inference', 'ClickHouse'],
});
export type ModelEvent = MessageOf<typeof modelEvents>;
