// Comments: what people write under articles, videos and posts.
import { envelope, type MessageOf, topic } from './topic.ts';

export const comments = topic({
  name: 'comments',
  title: 'Comment',
  version: 1,
  doc: 'A text that a person wrote in public, to be analysed for language, sentiment, emotion and toxicity.',
  key: 'id',
  fields: {
    ...envelope,
    text: {
      type: 'text',
      unit: 'characters',
      doc: 'The comment as written.',
      maxLength: 65_536,
      freeText: true,
    },
    author: { type: 'text', doc: 'Pseudonymous author.', optional: true, maxLength: 256, freeText: true },
    thread: {
      type: 'text',
      doc: 'What the comment was written under.',
      optional: true,
      maxLength: 1_024,
      freeText: true,
    },
  },
  recordBytesMax: 2_097_152,
  orderBy: ['tenant', 'eventTime', 'id'],
  producers: ['products', 'millrace publish', 'HTTP gateway'],
  consumers: ['features', 'ClickHouse'],
});
export type Comment = MessageOf<typeof comments>;
