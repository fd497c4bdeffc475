// Checks and normalises JSON values against the declared fields.
import type { Field, Fields } from '../../schemas/field.ts';
import { Refusal } from './refusal.ts';

/** Normalised value, or why the value does not fit. */
type Read = (value: unknown) => unknown;

const nameOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;

const wrongType = (wanted: string, value: unknown): Refusal =>
  new Refusal('wrong-type', `expected ${wanted}, got ${nameOf(value)}`);

function readText(lengthMax: number | undefined): Read {
  return (value) => {
    if (typeof value !== 'string') return wrongType('text', value);
    if (lengthMax !== undefined && value.length > lengthMax)
      return new Refusal('too-long', `${value.length} characters, at most ${lengthMax} are accepted`);
    return value;
  };
}

function readLabel(values: readonly string[] | undefined): Read {
  return (value) => {
    if (typeof value !== 'string') return wrongType('text', value);
    if (values && !values.includes(value))
      return new Refusal('wrong-type', `"${value}" is none of ${values.join(', ')}`);
    return value;
  };
}

/** Milliseconds since 1970, or ISO 8601 text. */
export function readTime(value: unknown): number | Refusal {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0 || ms > 8.64e15)
    return new Refusal('wrong-type', 'expected milliseconds since 1970 or an ISO 8601 time');
  return Math.trunc(ms);
}

const readNumber: Read = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : wrongType('a number', value);

const readCount: Read = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0x7fffffff
    ? value
    : wrongType('a whole number from 0 to 2147483647', value);

const readFlag: Read = (value) => (typeof value === 'boolean' ? value : wrongType('true or false', value));

const readBytes: Read = (value) =>
  typeof value === 'string' ? Buffer.from(value, 'base64') : wrongType('base64 text', value);

function readList(item: Read, length?: number): Read {
  return (value) => {
    if (!Array.isArray(value)) return wrongType('an array', value);
    if (length !== undefined && value.length !== length)
      return new Refusal('wrong-type', `expected ${length} numbers, got ${value.length}`);
    const out: unknown[] = [];
    for (const [index, element] of value.entries()) {
      const read = item(element);
      if (read instanceof Refusal) return new Refusal(read.code, `[${index}]: ${read.reason}`);
      out.push(read);
    }
    return out;
  };
}

function readMap(item: Read): Read {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrongType('an object', value);
    for (const [name, element] of Object.entries(value)) {
      const read = item(element);
      if (read instanceof Refusal) return new Refusal(read.code, `${name}: ${read.reason}`);
    }
    return value;
  };
}

/** A reader of one field’s value. */
export const fieldReader = (field: Field): Read => {
  switch (field.type) {
    case 'text':
      return readText(field.maxLength);
    case 'label':
      return readLabel(field.values);
    case 'flag':
      return readFlag;
    case 'count':
      return readCount;
    case 'float':
    case 'double':
      return readNumber;
    case 'time':
      return readTime;
    case 'bytes':
      return readBytes;
    case 'labels':
    case 'texts':
      return readList(readText(undefined));
    case 'floats':
      return readList(readNumber);
    case 'vector':
      return readList(readNumber, field.items.length);
    case 'texts-by-name':
      return readMap(readText(undefined));
    case 'numbers-by-name':
      return readMap(readNumber);
    case 'records':
      return readList(fieldsReader(field.fields, new Set()));
  }
};

/**
 * A reader of a whole record: every declared field checked, unknown ones left out, so that a newer producer does not
 * break an older reader. Fields in `fillable` may be absent; the caller fills them in.
 */
export function fieldsReader(fields: Fields, fillable: ReadonlySet<string>): Read {
  const readers = Object.entries(fields)
    .filter(([, field]) => field.carriedBy !== 'header')
    .map(([name, field]) => ({ name, field, read: fieldReader(field) }));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return new Refusal('not-an-object', `expected a JSON object, got ${nameOf(value)}`);
    const out: Record<string, unknown> = {};
    for (const { name, field, read } of readers) {
      const given = (value as Record<string, unknown>)[name];
      if (given === undefined || given === null) {
        if (!field.optional && !fillable.has(name))
          return new Refusal('missing-field', `field "${name}" is missing`);
        out[name] = null;
        continue;
      }
      const checked = read(given);
      if (checked instanceof Refusal) return new Refusal(checked.code, `field "${name}": ${checked.reason}`);
      out[name] = checked;
    }
    return out;
  };
}
