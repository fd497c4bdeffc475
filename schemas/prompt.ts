// Prompts: what people ask an assistant.
import { envelope, type MessageOf, topic } from './topic.ts';

export const prompts = topic({
  name: 'prompts',
  title: 'Prompt',
  version: 1,
  doc: 'A text that a person sent to an assistant, to be analysed for intent, complexity and quality.',
  key: 'id',
  fields: {
    ...envelope,
    text: {
      type: 'text',
      unit: 'characters',
      doc: 'The prompt as sent.',
      maxLength: 65_536,
      freeText: true,
    },
    user: { type: 'text', doc: 'Pseudonymous user.', optional: true, maxLength: 256, freeText: true },
    session: { type: 'text', doc: 'Conversation the prompt belongs to.', optional: true, maxLength: 256 },
  },
  recordBytesMax: 2_097_152,
  orderBy: ['tenant', 'eventTime', 'id'],
  producers: ['products', 'millrace publish', 'HTTP gateway'],
  consumers: ['features', 'ClickHouse'],
});
export type Prompt = MessageOf<typeof prompts>;
