// Writes rows of a table to a file: JSON lines, CSV or Parquet. The file appears under its name when it is whole.
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { TableRow } from './row.ts';
import type { TableFormat } from './table.ts';

/** What the values of a column are; `json` is for lists and objects, which CSV and Parquet hold as JSON text. */
export type ColumnType = 'boolean' | 'int32' | 'double' | 'string' | 'json';
export type ColumnTypes = Readonly<Record<string, ColumnType>>;

export interface TableWriter {
  /** Rows may lack columns; what is no column is left out. */
  write(rows: readonly TableRow[]): Promise<void>;
  /** Makes the file whole and gives it its name. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Begins a file beside `path`. Throws what the file system throws. */
export async function openTableWriter(
  path: string,
  format: TableFormat,
  columns: ColumnTypes,
): Promise<TableWriter> {
  const partial = `${path}.partial`;
  const body =
    format === 'parquet' ? parquetBody(partial, columns) : await textBody(partial, format, columns);
  return {
    write: body.write,
    async finish() {
      await body.end();
      await rename(partial, path);
    },
    async discard() {
      await body.end().catch(() => {});
      await rm(partial, { force: true });
    },
  };
}

interface Body {
  write(rows: readonly TableRow[]): Promise<void>;
  end(): Promise<void>;
}

async function textBody(path: string, format: 'jsonl' | 'csv', columns: ColumnTypes): Promise<Body> {
  const file: FileHandle = await open(path, 'w');
  const names = Object.keys(columns);
  const print = format === 'csv' ? (row: TableRow) => csvLine(names.map((name) => row[name])) : jsonLine;
  if (format === 'csv') await file.appendFile(csvLine(names));
  return {
    async write(rows) {
      await file.appendFile(rows.map(print).join(''));
    },
    async end() {
      await file.sync();
      await file.close();
    },
  };
}

const jsonLine = (row: TableRow): string => `${JSON.stringify(row)}\n`;

const csvLine = (values: readonly unknown[]): string => `${values.map(csvValue).join(',')}\n`;

function csvValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type ParquetType = 'BOOLEAN' | 'INT32' | 'DOUBLE' | 'STRING' | 'JSON';
const parquetTypes: Readonly<Record<ColumnType, ParquetType>> = {
  boolean: 'BOOLEAN',
  int32: 'INT32',
  double: 'DOUBLE',
  string: 'STRING',
  json: 'JSON',
};

function schemaElement(name: string, type: ParquetType): SchemaElement {
  if (type === 'STRING') return optional({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8' });
  if (type === 'JSON') return optional({ name, type: 'BYTE_ARRAY', converted_type: 'JSON' });
  return optional({ name, type });
}

const optional = (element: SchemaElement): SchemaElement => ({ ...element, repetition_type: 'OPTIONAL' });

/** One row group for each `write`. */
function parquetBody(path: string, columns: ColumnTypes): Body {
  const names = Object.keys(columns);
  const schema = [
    { name: 'root', num_children: names.length },
    ...names.map((name) => schemaElement(name, parquetTypes[columns[name]!])),
  ];
  const parquet = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'millrace' });
  return {
    async write(rows) {
      const columnData = names.map((name) => ({
        name,
        data: rows.map((row) => parquetValue(row[name], columns[name]!)),
        type: parquetTypes[columns[name]!],
      }));
      await parquet.write({ columnData, rowGroupSize: Math.max(1, rows.length) });
    },
    async end() {
      await parquet.finish();
    },
  };
}

function parquetValue(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  if (type !== 'string' || typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const int32Max = 2_147_483_647;

/** What a column has to be to hold `value` beside what it held so far. */
export function widened(before: ColumnType | undefined, value: unknown): ColumnType | undefined {
  if (value === null || value === undefined) return before;
  const type = typeOf(value);
  return before === undefined ? type : typeOfBoth(before, type);
}

/** What a column has to be to hold values of both. */
export function typeOfBoth(one: ColumnType, other: ColumnType): ColumnType {
  if (one === other) return one;
  const isNumber = (type: ColumnType) => type === 'int32' || type === 'double';
  return isNumber(one) && isNumber(other) ? 'double' : 'string';
}

function typeOf(value: unknown): ColumnType {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) <= int32Max ? 'int32' : 'double';
  return typeof value === 'object' ? 'json' : 'string';
}
