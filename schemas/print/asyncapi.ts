// Prints the AsyncAPI 3.0 document: every topic as a channel, every message with a JSON schema and its headers.
import type { Field, Fields } from '../field.ts';
import type { Topic } from '../topic.ts';

type JsonSchema = { readonly [key: string]: unknown };

function bareSchema(field: Field): JsonSchema {
  switch (field.type) {
    case 'text':
      return { type: 'string', ...(field.maxLength ? { maxLength: field.maxLength } : {}) };
    case 'label':
      return { type: 'string', ...(field.values ? { enum: field.values } : {}) };
    case 'flag':
      return { type: 'boolean' };
    case 'count':
      return { type: 'integer', minimum: 0 };
    case 'float':
    case 'double':
      return { type: 'number' };
    case 'time':
      return { type: 'integer', format: 'unix-time-millis' };
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'labels':
    case 'texts':
      return { type: 'array', items: { type: 'string' } };
    case 'floats':
      return { type: 'array', items: { type: 'number' } };
    case 'vector':
      return {
        type: 'array',
        prefixItems: field.items.map((item) => ({
          type: 'number',
          title: item.name,
          description: `${item.doc} Unit: ${item.unit}.`,
        })),
      };
    case 'texts-by-name':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'numbers-by-name':
      return { type: 'object', additionalProperties: { type: 'number' } };
    case 'records':
      return { type: 'array', items: objectSchema(field.fields) };
  }
}

function fieldSchema(field: Field): JsonSchema {
  const bare = bareSchema(field);
  const typed = field.optional ? { ...bare, type: [bare.type, 'null'] } : bare;
  return { ...typed, description: field.unit ? `${field.doc} Unit: ${field.unit}.` : field.doc };
}

function objectSchema(fields: Fields): JsonSchema {
  const payload = Object.entries(fields).filter(([, field]) => field.carriedBy !== 'header');
  return {
    type: 'object',
    required: payload.filter(([, field]) => !field.optional).map(([name]) => name),
    properties: Object.fromEntries(payload.map(([name, field]) => [name, fieldSchema(field)])),
  };
}

function message(topic: Topic): JsonSchema {
  return {
    name: topic.title,
    title: topic.title,
    summary: topic.doc,
    headers: {
      type: 'object',
      properties: {
        traceparent: { type: 'string', description: 'W3C trace context.' },
        ce_id: { type: 'string', description: 'CloudEvents id; wins over the payload’s `id`.' },
        ce_source: { type: 'string', description: 'CloudEvents source; wins over the payload’s `source`.' },
        ce_time: {
          type: 'string',
          format: 'date-time',
          description: 'CloudEvents time; wins over `eventTime`.',
        },
      },
    },
    payload: objectSchema(topic.fields),
    'x-key': topic.key,
    'x-version': topic.version,
    'x-producers': topic.producers,
    'x-consumers': topic.consumers,
  };
}

/** The whole system as one AsyncAPI document, JSON-ready. */
export function printAsyncApi(topics: readonly Topic[]): JsonSchema {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Millrace',
      version: '1.0.0',
      description:
        'Topics of Millrace. Records are Confluent-framed Avro or plain JSON, told apart by the first byte. ' +
        'Producers of comments and prompts may leave out id, tenant, source and both times.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      topics.map((topic) => [
        topic.name,
        {
          address: topic.name,
          description: topic.doc,
          messages: { [topic.title]: { $ref: `#/components/messages/${topic.title}` } },
          'x-compacted': topic.compacted ?? false,
        },
      ]),
    ),
    components: { messages: Object.fromEntries(topics.map((topic) => [topic.title, message(topic)])) },
  };
}
