// Feedback: what people or products say about an answer.
import { envelope, type MessageOf, topic } from './topic.ts';

export const feedback = topic({
  name: 'feedback',
  title: 'Feedback',
  version: 1,
  doc: 'A person’s or a product’s word on the score of one message, whenever it arrives.',
  key: 'messageId',
  fields: {
    ...envelope,
    messageId: { type: 'text', doc: 'Id of the comment or prompt it is about.', maxLength: 256 },
    task: { type: 'label', doc: 'Which answer it is about, such as `toxicity`.' },
    label: { type: 'label', doc: 'The right answer, where the feedback gives one.', optional: true },
    value: {
      type: 'float',
      unit: 'points (0–100)',
      doc: 'The right score, where the feedback gives one.',
      optional: true,
    },
    agrees: { type: 'flag', doc: 'Thumbs up or down.', optional: true },
    by: { type: 'label', doc: 'Who said so: `user`, `reviewer`, `system`.', optional: true },
  },
  orderBy: ['tenant', 'task', 'eventTime', 'messageId'],
  producers: ['products', 'HTTP gateway'],
  consumers: ['ClickHouse', 'trainers'],
});
export type Feedback = MessageOf<typeof feedback>;
