// Prints a topic's Avro schema: fields in declaration order, header-borne fields left out.
import type { Field, Fields } from '../field.ts';
import { envelope, type Topic } from '../topic.ts';

type AvroType = string | { readonly [key: string]: unknown } | readonly AvroType[];

const avroNamespace = 'millrace';

function avroType(field: Field): AvroType {
  switch (field.type) {
    case 'text':
    case 'label':
      return 'string';
    case 'flag':
      return 'boolean';
    case 'count':
      return 'int';
    case 'float':
    case 'double':
    case 'bytes':
      return field.type;
    case 'time':
      return { type: 'long', logicalType: 'timestamp-millis' };
    case 'labels':
    case 'texts':
      return { type: 'array', items: 'string' };
    case 'floats':
    case 'vector':
      return { type: 'array', items: 'float' };
    case 'texts-by-name':
      return { type: 'map', values: 'string' };
    case 'numbers-by-name':
      return { type: 'map', values: 'double' };
    case 'records':
      return { type: 'array', items: { type: 'record', name: field.name, fields: avroFields(field.fields) } };
  }
}

const describe = (field: Field): string => (field.unit ? `${field.doc} Unit: ${field.unit}.` : field.doc);

/**
 * What every message says about itself may be left out by a producer: empty and 0 mean absent, and the reader fills
 * them in (connectors/wire/origin.ts).
 */
function absent(name: string): { readonly default?: string | number } {
  if (!Object.hasOwn(envelope, name)) return {};
  return { default: name.endsWith('Time') ? 0 : '' };
}

function avroFields(fields: Fields): readonly object[] {
  return Object.entries(fields)
    .filter(([, field]) => field.carriedBy !== 'header')
    .map(([name, field]) =>
      field.optional
        ? { name, type: ['null', avroType(field)], default: null, doc: describe(field) }
        : { name, type: avroType(field), ...absent(name), doc: describe(field) },
    );
}

/** The topic's record schema, as a JSON-ready object. */
export function printAvro(topic: Topic): Readonly<Record<string, unknown>> {
  return {
    type: 'record',
    name: topic.title,
    namespace: avroNamespace,
    doc: topic.doc,
    fields: avroFields(topic.fields),
  };
}
