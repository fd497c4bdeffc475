// How one topic's messages are written and read: Avro by the topic's schema, JSON by its fields.
import avsc from 'avsc';
import type { Fields } from '../../schemas/field.ts';
import { printAvro } from '../../schemas/print/avro.ts';
import type { Topic } from '../../schemas/topic.ts';
import { fillable } from './origin.ts';
import { Refusal } from './refusal.ts';
import { fieldReader, fieldsReader } from './value.ts';

export interface TopicFormat {
  readonly topic: Topic;
  readonly avroText: string;
  readonly avroType: avsc.Type;
  /** Draft of a message from parsed JSON, or why it is none. */
  readonly readJson: (value: unknown) => unknown;
  /** Limits that Avro itself cannot say. */
  readonly checkLimits: (draft: Record<string, unknown>) => Refusal | null;
  readonly writeJson: (message: Readonly<Record<string, unknown>>) => string;
}

export function topicFormat(topic: Topic): TopicFormat {
  const schema = printAvro(topic);
  return {
    topic,
    avroText: JSON.stringify(schema),
    avroType: avsc.Type.forSchema(schema as avsc.Schema),
    readJson: fieldsReader(topic.fields, fillable),
    checkLimits: limitsOf(topic.fields),
    writeJson: jsonWriter(topic.fields),
  };
}

function limitsOf(fields: Fields): TopicFormat['checkLimits'] {
  const checks = Object.entries(fields)
    .filter(
      ([, field]) => (field.type === 'text' && field.maxLength) || (field.type === 'label' && field.values),
    )
    .map(([name, field]) => ({ name, read: fieldReader(field) }));
  return (draft) => {
    for (const { name, read } of checks) {
      const value = draft[name];
      if (value === null || value === undefined) continue;
      const checked = read(value);
      if (checked instanceof Refusal) return new Refusal(checked.code, `field "${name}": ${checked.reason}`);
    }
    return null;
  };
}

function jsonWriter(fields: Fields): TopicFormat['writeJson'] {
  const names = Object.entries(fields)
    .filter(([, field]) => field.carriedBy !== 'header')
    .map(([name, field]) => ({ name, isBytes: field.type === 'bytes' }));
  return (message) => {
    const out: Record<string, unknown> = {};
    for (const { name, isBytes } of names) {
      const value = message[name];
      out[name] = isBytes && value ? Buffer.from(value as Uint8Array).toString('base64') : value;
    }
    return JSON.stringify(out);
  };
}
