// Rows of a data file, one at a time: JSON lines, CSV or Parquet, gzipped where the name says so.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Misconfigured } from '../../schemas/errors.ts';
import { readCommaSeparated } from './comma-separated.ts';
import { readJsonLines } from './json-lines.ts';
import { readParquet } from './parquet.ts';
import type { NumberedRow } from './row.ts';

export type TableFormat = 'jsonl' | 'csv' | 'parquet';
const endings: readonly (readonly [RegExp, TableFormat])[] = [
  [/\.(jsonl|ndjson)(\.gz)?$/i, 'jsonl'],
  [/\.csv(\.gz)?$/i, 'csv'],
  [/\.parquet$/i, 'parquet'],
];

/** The format a file's name tells, or null. */
export const formatOf = (name: string): TableFormat | null =>
  endings.find(([ending]) => ending.test(name))?.[1] ?? null;

/**
 * The rows of the file at `path`, in order, in bounded memory (a row group at a time for Parquet). `name` tells whether
 * it is gzipped where the path does not. Throws `Misconfigured` when the file cannot be read as what it is said to be.
 */
export async function* readTable(
  path: string,
  format: TableFormat,
  name: string = path,
): AsyncGenerator<NumberedRow, void, void> {
  try {
    if (format === 'parquet') yield* readParquet(path);
    else yield* readText(path, format, name);
  } catch (cause) {
    if (cause instanceof Misconfigured) throw cause;
    throw new Misconfigured(`the data file ${path} cannot be read: ${String(cause)}`, {
      code: 'data-unreadable',
      fix: 'Check that the file is whole, and that its name tells its format: .jsonl, .csv (each perhaps with .gz) or .parquet.',
      cause,
    });
  }
}

async function* readText(path: string, format: 'jsonl' | 'csv', name: string) {
  const file = createReadStream(path, { highWaterMark: 262_144 });
  const source = name.endsWith('.gz') ? file.pipe(createGunzip({ chunkSize: 262_144 })) : file;
  // `pipe` does not hand errors on: a missing file would hang the reading.
  file.on('error', (error) => source.destroy(error));
  try {
    if (format === 'jsonl') yield* readJsonLines(source);
    else yield* readCommaSeparated(source);
  } finally {
    file.destroy();
    source.destroy();
  }
}
