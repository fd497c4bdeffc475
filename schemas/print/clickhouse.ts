// Prints a topic's ClickHouse table, and the columns that the row encoder writes, in the same order.
import type { Field, ListField, ScalarField, VectorField } from '../field.ts';
import type { Topic } from '../topic.ts';

/** Where a column's value comes from: a field, one item of a vector, one field of a list of records, or the record. */
export type ColumnSource =
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly field: Exclude<Field, { type: 'vector' | 'records' }>;
    }
  | { readonly kind: 'item'; readonly name: string; readonly index: number }
  | {
      readonly kind: 'nested';
      readonly name: string;
      readonly inner: string;
      readonly field: ScalarField | ListField;
    }
  | { readonly kind: 'origin'; readonly name: 'topic' | 'partition' | 'offset' | 'time' };

export interface Column {
  readonly name: string;
  /** ClickHouse type, as `system.columns` spells it. */
  readonly type: string;
  readonly doc: string;
  readonly codec?: string;
  readonly source: ColumnSource;
}

const time = "DateTime64(3, 'UTC')";

/** Where a row came from in the log; the sink's guarantee rests on these. */
const originColumns: readonly Column[] = [
  {
    name: '_topic',
    type: 'LowCardinality(String)',
    doc: 'Topic the row was read from.',
    source: { kind: 'origin', name: 'topic' },
  },
  {
    name: '_partition',
    type: 'UInt32',
    doc: 'Partition the row was read from.',
    source: { kind: 'origin', name: 'partition' },
  },
  {
    name: '_offset',
    type: 'UInt64',
    doc: 'Offset the row was read at.',
    codec: 'Delta(8), ZSTD(1)',
    source: { kind: 'origin', name: 'offset' },
  },
  {
    name: '_time',
    type: time,
    doc: 'When the log accepted the record. Unit: ms.',
    codec: 'Delta(8), ZSTD(1)',
    source: { kind: 'origin', name: 'time' },
  },
];

function bareType(field: Exclude<Field, { type: 'vector' | 'records' }>): string {
  switch (field.type) {
    case 'text':
    case 'bytes':
      return 'String';
    case 'label':
      return 'LowCardinality(String)';
    case 'flag':
      return 'Bool';
    case 'count':
      return 'UInt32';
    case 'float':
      return 'Float32';
    case 'double':
      return 'Float64';
    case 'time':
      return time;
    case 'labels':
      return 'Array(LowCardinality(String))';
    case 'texts':
      return 'Array(String)';
    case 'floats':
      return 'Array(Float32)';
    case 'texts-by-name':
      return 'Map(String, String)';
    case 'numbers-by-name':
      return 'Map(String, Float64)';
  }
}

/** Lists and maps cannot be Nullable in ClickHouse: an absent one is an empty one. */
function columnType(field: Exclude<Field, { type: 'vector' | 'records' }>): string {
  const bare = bareType(field);
  if (!field.optional || bare.startsWith('Array') || bare.startsWith('Map')) return bare;
  return field.type === 'label' ? 'LowCardinality(Nullable(String))' : `Nullable(${bare})`;
}

function codecOf(field: Field): { readonly codec?: string } {
  if (field.type === 'time') return { codec: 'Delta(8), ZSTD(1)' };
  if (field.type === 'text' || field.type === 'bytes') return { codec: 'ZSTD(1)' };
  return {};
}

const describe = ({ doc, unit }: { readonly doc: string; readonly unit?: string }): string =>
  unit ? `${doc} Unit: ${unit}.` : doc;

function vectorColumns(name: string, field: VectorField): readonly Column[] {
  return field.items.map((item, index) => ({
    name: item.name,
    type: 'Float32',
    doc: describe(item),
    codec: 'ZSTD(1)',
    source: { kind: 'item', name, index },
  }));
}

function fieldColumns(name: string, field: Field): readonly Column[] {
  if (field.stored === false) return [];
  if (field.type === 'vector') return vectorColumns(name, field);
  if (field.type === 'records') {
    return Object.entries(field.fields).map(([inner, innerField]) => ({
      name: `${name}.${inner}`,
      type: `Array(${columnType(innerField)})`,
      doc: describe(innerField),
      source: { kind: 'nested', name, inner, field: innerField },
    }));
  }
  return [
    {
      name,
      type: columnType(field),
      doc: describe(field),
      ...codecOf(field),
      source: { kind: 'field', name, field },
    },
  ];
}

/** The table that holds a topic. */
export const tableName = (topic: Topic): string => topic.name.replaceAll('-', '_');

/** Columns of the topic's table, in the order they are created, encoded and inserted in. */
export function clickhouseColumns(topic: Topic): readonly Column[] {
  const columns = Object.entries(topic.fields).flatMap(([name, field]) => fieldColumns(name, field));
  return [...columns, ...originColumns];
}

/** A ClickHouse string literal. */
export const quoteText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
/** A ClickHouse name, whatever words SQL reserves. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '\\`')}\``;

function printColumn({ name, type, doc, codec }: Column): string {
  return `  ${quoteName(name)} ${type} COMMENT ${quoteText(doc)}${codec ? ` CODEC(${codec})` : ''},`;
}

const printLookUp = (name: string): string =>
  `  INDEX ${quoteName(`by_${name}`)} ${quoteName(name)} TYPE bloom_filter(0.01) GRANULARITY 1`;

/** The `CREATE TABLE` statement of a topic, with its semicolon. */
export function printClickhouse(topic: Topic): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${quoteName(tableName(topic))} (`,
    ...clickhouseColumns(topic).map(printColumn),
    // Replay asks which offsets of a range are there: without the index that reads the whole column.
    [
      '  INDEX offsets `_offset` TYPE minmax GRANULARITY 1',
      // Alerts, drift and experiments ask for the last minutes of the log: without it, for the month's whole partition.
      '  INDEX by_time `_time` TYPE minmax GRANULARITY 1',
      ...(topic.lookedUpBy ?? []).map(printLookUp),
    ].join(',\n'),
    ') ENGINE = MergeTree',
    'PARTITION BY toYYYYMM(`ingestTime`)',
    `ORDER BY (${topic.orderBy.map(quoteName).join(', ')})`,
    // Off on plain MergeTree unless asked for; the sink's exactly-once rests on it: 100,000 inserts are 40 minutes at
    // ten a second from each of four partitions. Ten parts at least to a merge halve what merging many small ones costs.
    'SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10',
    `COMMENT ${quoteText(topic.doc)};`,
  ].join('\n');
}
