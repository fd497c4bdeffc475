// Encodes messages into RowBinary rows of their topic's table: a flat list of writers, one per column, made once per
// topic from the same columns that the CREATE TABLE is printed from.
import type { Field } from '../../schemas/field.ts';
import { type Column, clickhouseColumns } from '../../schemas/print/clickhouse.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import { RowBuffer } from './row-buffer.ts';

/** Where a row's record stands in the log. */
export interface RowOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When the log accepted the record, in milliseconds since 1970. */
  readonly time: number;
}

type PlainField = Exclude<Field, { type: 'vector' | 'records' }>;
type WriteValue = (rows: RowBuffer, value: never) => void;
type WriteColumn = (rows: RowBuffer, message: Message, origin: RowOrigin) => void;

/** Writes rows of one topic. Values are taken as declared: what reads them from the wire has checked their types. */
export class RowEncoder {
  /** Columns that a row holds, in order. */
  readonly columns: readonly string[];
  readonly #writers: readonly WriteColumn[];
  #rows: RowBuffer;
  #count = 0;

  constructor(topic: Topic) {
    const columns = clickhouseColumns(topic);
    this.columns = columns.map((column) => column.name);
    this.#writers = columns.map(columnWriter);
    this.#rows = new RowBuffer(bytesAtFirst);
  }

  add(message: Message, origin: RowOrigin): void {
    const rows = this.#rows;
    for (const write of this.#writers) write(rows, message, origin);
    this.#count += 1;
  }

  /** The rows added since the last call, and their number. The bytes are the caller's from then on. */
  take(): { readonly rows: Buffer; readonly rowCount: number } {
    const rows = this.#rows.take();
    const rowCount = this.#count;
    // The next rows will be about as many. The bytes are given away, so there is nothing to use again.
    this.#rows = new RowBuffer(Math.max(bytesAtFirst, rows.length));
    this.#count = 0;
    return { rows, rowCount };
  }
}

/** One row, say: a buffer that is too small doubles, one that is too large is made for every insert. */
const bytesAtFirst = 1_024;

function columnWriter({ source }: Column): WriteColumn {
  const { kind, name } = source;
  switch (kind) {
    case 'field': {
      const write = fieldWriter(source.field) as (rows: RowBuffer, value: unknown) => void;
      return (rows, message) => write(rows, message[name]);
    }
    case 'item': {
      const { index } = source;
      return (rows, message) => rows.float32((message[name] as readonly number[])[index]!);
    }
    case 'nested': {
      const { inner } = source;
      const write = fieldWriter(source.field) as (rows: RowBuffer, value: unknown) => void;
      return (rows, message) => {
        // An absent list is an empty one, as elsewhere.
        const records = (message[name] ?? []) as readonly Readonly<Record<string, unknown>>[];
        rows.varint(records.length);
        for (const record of records) write(rows, record[inner]);
      };
    }
    case 'origin':
      return originWriters[source.name];
  }
}

const originWriters: Readonly<Record<'topic' | 'partition' | 'offset' | 'time', WriteColumn>> = {
  topic: (rows, _, origin) => rows.text(origin.topic),
  partition: (rows, _, origin) => rows.uint32(origin.partition),
  offset: (rows, _, origin) => rows.int64(origin.offset),
  time: (rows, _, origin) => rows.int64(origin.time),
};

/** The writer of a field's value. An absent list or map is an empty one, other absent values are a null. */
function fieldWriter(field: PlainField): WriteValue {
  const write = valueWriters[field.type] as (rows: RowBuffer, value: unknown) => void;
  if (!field.optional) return write;
  const empty = emptyValues[field.type];
  if (empty !== undefined) return (rows: RowBuffer, value: unknown) => write(rows, value ?? empty);
  return (rows: RowBuffer, value: unknown) => {
    if (value === null || value === undefined) {
      rows.uint8(1);
      return;
    }
    rows.uint8(0);
    write(rows, value);
  };
}

const emptyValues: Readonly<Partial<Record<PlainField['type'], unknown>>> = {
  labels: [],
  texts: [],
  floats: [],
  'texts-by-name': {},
  'numbers-by-name': {},
};

const writeText = (rows: RowBuffer, value: string): void => rows.text(value);
const writeTime = (rows: RowBuffer, value: number): void => rows.int64(value);

function writeTexts(rows: RowBuffer, values: readonly string[]): void {
  rows.varint(values.length);
  for (const value of values) rows.text(value);
}

function writeFloats(rows: RowBuffer, values: readonly number[]): void {
  rows.varint(values.length);
  for (const value of values) rows.float32(value);
}

function writeTextsByName(rows: RowBuffer, values: Readonly<Record<string, string>>): void {
  const entries = Object.entries(values);
  rows.varint(entries.length);
  for (const [name, value] of entries) {
    rows.text(name);
    rows.text(value);
  }
}

function writeNumbersByName(rows: RowBuffer, values: Readonly<Record<string, number>>): void {
  const entries = Object.entries(values);
  rows.varint(entries.length);
  for (const [name, value] of entries) {
    rows.text(name);
    rows.float64(value);
  }
}

const valueWriters: Readonly<Record<PlainField['type'], WriteValue>> = {
  text: writeText,
  label: writeText,
  flag: (rows: RowBuffer, value: boolean) => rows.uint8(value ? 1 : 0),
  count: (rows: RowBuffer, value: number) => rows.uint32(value),
  float: (rows: RowBuffer, value: number) => rows.float32(value),
  double: (rows: RowBuffer, value: number) => rows.float64(value),
  time: writeTime,
  bytes: (rows: RowBuffer, value: Uint8Array) => rows.bytes(value),
  labels: writeTexts,
  texts: writeTexts,
  floats: writeFloats,
  'texts-by-name': writeTextsByName,
  'numbers-by-name': writeNumbersByName,
};
