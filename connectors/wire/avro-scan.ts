// The byte path into Avro records: skips from field to field by the writer's schema and notes where the wanted texts
// stand, without making anything of them. Schemas with lists, maps or names of other types in them, and records that
// are not plainly right, are left to avsc.
import { isUtf8 } from 'node:buffer';
import { absent, isNull, isText } from './json-scan.ts';

/** Passes one value: the place after it, or -1. */
type Skip = (scan: Cursor, at: number) => number;

interface Cursor {
  readonly bytes: Uint8Array;
  readonly end: number;
}

interface Step {
  readonly skip: Skip;
  /** Place of the field among the wanted ones, or -1. */
  readonly field: number;
  /** Index of `null` and of `string` in the field's union; null for a plain string. */
  readonly union: { readonly none: number; readonly text: number } | null;
}

/** Wanted fields of records of one writer schema; what was found stands in it until the next record. */
export class AvroScan {
  /** Per wanted field: `absent`, `isNull` or `isText` of json-scan.ts. */
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #steps: readonly Step[];

  private constructor(fields: number, steps: readonly Step[]) {
    this.kinds = new Uint8Array(fields);
    this.starts = new Int32Array(fields);
    this.ends = new Int32Array(fields);
    this.#steps = steps;
  }

  /** A scan by a writer's schema (JSON text); null for schemas that only avsc reads. */
  static of(schemaText: string, names: readonly string[]): AvroScan | null {
    const schema: unknown = JSON.parse(schemaText);
    const fields = fieldsOf(schema);
    if (fields === null) return null;
    const steps: Step[] = [];
    for (const { name, type } of fields) {
      const field = names.indexOf(name);
      const skip = skipOf(type);
      const union = field < 0 ? null : textUnion(type);
      if (skip === null || (field >= 0 && union === null && baseOf(type) !== 'string')) return null;
      steps.push({ skip, field, union });
    }
    return new AvroScan(names.length, steps);
  }

  /** Looks at the record from `start` to the end of `bytes`. False where only avsc knows. */
  scan(bytes: Uint8Array, start: number): boolean {
    this.kinds.fill(absent);
    const cursor = { bytes, end: bytes.length };
    let at = start;
    for (const { skip, field, union } of this.#steps) {
      const begin = at;
      at = skip(cursor, at);
      if (at < 0 || at > cursor.end) return false;
      if (field >= 0 && !this.#note(bytes, begin, at, field, union)) return false;
    }
    return at === cursor.end;
  }

  #note(bytes: Uint8Array, begin: number, end: number, field: number, union: Step['union']): boolean {
    // Union indexes are one byte here: skipping has seen that they are within the union.
    if (union && bytes[begin]! >> 1 === union.none) {
      this.kinds[field] = isNull;
      return true;
    }
    const from = afterVarint(bytes, union ? begin + 1 : begin);
    this.kinds[field] = isText;
    this.starts[field] = from;
    this.ends[field] = end;
    for (let at = from; at < end; at++) if (bytes[at]! > 0x7f) return isUtf8(bytes.subarray(from, end));
    return true;
  }
}

interface AvroField {
  readonly name: string;
  readonly type: unknown;
}

function fieldsOf(schema: unknown): readonly AvroField[] | null {
  const { type, fields } = (schema ?? {}) as { readonly type?: unknown; readonly fields?: unknown };
  return type === 'record' && Array.isArray(fields) ? (fields as readonly AvroField[]) : null;
}

/** `string` of `{"type": "string", "logicalType": …}`. */
const baseOf = (type: unknown): unknown =>
  typeof type === 'object' && type !== null && 'type' in type
    ? (type as { readonly type: unknown }).type
    : type;

function textUnion(type: unknown): Step['union'] {
  if (!Array.isArray(type) || type.length !== 2) return null;
  const none = type.indexOf('null');
  const text = type.findIndex((branch) => baseOf(branch) === 'string');
  return none < 0 || text < 0 ? null : { none, text };
}

/** Bytes of the longest whole number that avsc and doubles hold exactly, whatever it is. */
const exactVarintBytes = 7;

const skipVarint: Skip = ({ bytes, end }, at) => {
  const last = Math.min(end, at + exactVarintBytes);
  for (let place = at; place < last; place++) if (bytes[place]! < 0x80) return place + 1;
  return -1;
};

const skipBytes: Skip = (cursor, at) => {
  const from = skipVarint(cursor, at);
  const length = from < 0 || from - at > 4 ? -1 : readVarint(cursor.bytes, at);
  return length < 0 ? -1 : from + length;
};

const fixed =
  (size: number): Skip =>
  (_, at) =>
    at + size;

const primitives: Readonly<Record<string, Skip>> = {
  null: fixed(0),
  boolean: fixed(1),
  int: (cursor, at) => {
    const after = skipVarint(cursor, at);
    return after - at > 5 ? -1 : after;
  },
  long: skipVarint,
  float: fixed(4),
  double: fixed(8),
  bytes: skipBytes,
  string: skipBytes,
};

function skipOf(type: unknown): Skip | null {
  if (typeof type === 'string') return Object.hasOwn(primitives, type) ? primitives[type]! : null;
  if (Array.isArray(type)) return skipUnion(type);
  const {
    type: base,
    size,
    symbols,
  } = (type ?? {}) as {
    readonly type?: unknown;
    readonly size?: unknown;
    readonly symbols?: unknown;
  };
  if (base === 'fixed' && typeof size === 'number') return fixed(size);
  if (base === 'enum' && Array.isArray(symbols)) return skipIndex(symbols.length);
  const fields = fieldsOf(type);
  if (fields) return skipRecord(fields);
  return typeof base === 'string' ? skipOf(base) : null;
}

function skipIndex(count: number): Skip {
  return ({ bytes }, at) => {
    const byte = bytes[at]!;
    return byte < 0x80 && (byte & 1) === 0 && byte >> 1 < count ? at + 1 : -1;
  };
}

function skipUnion(branches: readonly unknown[]): Skip | null {
  const skips = branches.map(skipOf);
  if (skips.some((skip) => skip === null)) return null;
  const index = skipIndex(branches.length);
  return (cursor, at) => {
    const after = at < cursor.end ? index(cursor, at) : -1;
    return after < 0 ? -1 : skips[cursor.bytes[at]! >> 1]!(cursor, after);
  };
}

function skipRecord(fields: readonly AvroField[]): Skip | null {
  const skips = fields.map(({ type }) => skipOf(type));
  if (skips.some((skip) => skip === null)) return null;
  return (cursor, start) => {
    let at = start;
    for (const skip of skips) {
      at = skip!(cursor, at);
      if (at < 0 || at > cursor.end) return -1;
    }
    return at;
  };
}

function afterVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at]! > 0x7f) at++;
  return at + 1;
}

/** A zigzag number of at most four bytes. */
function readVarint(bytes: Uint8Array, start: number): number {
  let zigzag = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at]!;
    zigzag |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1);
  }
}
