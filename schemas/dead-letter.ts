// Dead letters: records that a stage could not use, whole, with the reason.
import { envelope, type MessageOf, topic } from './topic.ts';

/** Why a record is a dead letter. Stable: people filter and alert by these. */
export const deadLetterCodes = [
  'empty-value',
  'invalid-utf8',
  'malformed-json',
  'not-an-object',
  'missing-field',
  'wrong-type',
  'too-long',
  'unknown-schema',
  'corrupt-avro',
  'no-text',
  'processor-refused',
  'processing-failed',
  'model-crashed',
  'model-output',
] as const;
export type DeadLetterCode = (typeof deadLetterCodes)[number];

export const deadLetters = topic({
  name: 'dead-letters',
  title: 'DeadLetter',
  version: 1,
  doc: 'A record that a stage could not use: original bytes and headers, where it failed and why.',
  key: 'id',
  fields: {
    ...envelope,
    stage: { type: 'label', doc: 'The stream that refused it.' },
    code: { type: 'label', doc: 'Why, for programs.', values: deadLetterCodes },
    reason: { type: 'text', doc: 'Why, for people.' },
    fromTopic: { type: 'label', doc: 'Topic it was read from.' },
    fromPartition: { type: 'count', doc: 'Partition it was read from.' },
    fromOffset: { type: 'double', doc: 'Offset it was read at.' },
    recordKey: { type: 'bytes', doc: 'Original key.', optional: true },
    recordValue: { type: 'bytes', doc: 'Original value, up to 1 MiB.', optional: true },
    recordBytes: { type: 'count', unit: 'bytes', doc: 'Length of the original value.' },
    recordHeaders: { type: 'texts-by-name', doc: 'Original headers, values as UTF-8.' },
  },
  recordBytesMax: 4_194_304,
  orderBy: ['stage', 'code', 'ingestTime', 'id'],
  producers: ['every stream'],
  consumers: ['ClickHouse', 'redrive'],
});
export type DeadLetter = MessageOf<typeof deadLetters>;
