// Model events: every decision about a model, in order. Whoever reads them from the start knows who serves
// (processors/experiments/task-state.ts).
import { envelope, type MessageOf, topic } from './topic.ts';

const modelEventKinds = [
  'retraining-requested',
  'training-started',
  'training-declined',
  'candidate-trained',
  'shadowed',
  'canaried',
  'promoted',
  'rolled-back',
  'baseline-renewed',
  'frozen',
  'thawed',
] as const;

export const modelEvents = topic({
  name: 'model-events',
  title: 'ModelEvent',
  version: 2,
  doc: 'A decision about a model, with its evidence. A compacted topic whose every record has a subject of its own: it is kept for ever, in order.',
  key: 'subject',
  partitions: 1,
  compacted: true,
  fields: {
    ...envelope,
    subject: {
      type: 'text',
      doc: '`task/event/…`, of its own for every record: compaction takes none away, and retention none either.',
      maxLength: 256,
    },
    event: { type: 'label', doc: 'What was decided.', values: modelEventKinds },
    task: { type: 'label', doc: 'Task the decision is about.' },
    release: {
      type: 'label',
      doc: 'Release the decision is about, `task@version`: the one that serves now of promoted, the one taken out of rolled-back, the candidate of an experiment.',
    },
    request: {
      type: 'text',
      doc: 'Id of the request for retraining that led here.',
      optional: true,
      maxLength: 256,
    },
    experiment: {
      type: 'text',
      doc: 'Id of the experiment that it is part of.',
      optional: true,
      maxLength: 256,
    },
    by: {
      type: 'label',
      doc: 'Who decided: `drift`, `trainer`, `experiments`, or a person’s user name.',
      optional: true,
    },
    reason: { type: 'text', doc: 'Why, for people.' },
    evidence: { type: 'texts-by-name', doc: 'What it rests on: ids of reports, windows, figures.' },
  },
  orderBy: ['task', 'eventTime', 'id'],
  producers: ['drift', 'trainer', 'experiments', 'people'],
  consumers: ['trainer', 'experiments', 'inference', 'ClickHouse'],
});
export type ModelEvent = MessageOf<typeof modelEvents>;
