// Parquet, through hyparquet: a row group at a time, with every codec.
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { BadRow, type NumberedRow, type TableRow } from './row.ts';

/** Rows held at once, however large a row group is. */
const rowsMax = 8_192;

/** The rows of a Parquet file. Throws what hyparquet throws for a file that is none. */
export async function* readParquet(path: string): AsyncGenerator<NumberedRow, void, void> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let line = 0;
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    for (let rowStart = start; rowStart < end; rowStart += rowsMax) {
      const rowEnd = Math.min(rowStart + rowsMax, end);
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors });
      for (const row of rows) {
        line += 1;
        yield { line, row: plainRow(row) };
      }
    }
    start = end;
  }
}

function plainRow(row: Readonly<Record<string, unknown>>) {
  const plain: TableRow = Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => (value == null ? [] : [[name, plainValue(value)]])),
  );
  const isBroken = Object.values(plain).some(
    (value) => typeof value === 'string' && value.includes('\ufffd'),
  );
  return isBroken ? new BadRow('invalid-utf8', 'the row holds bytes that are not UTF-8') : plain;
}

/** As JSON would have it: 64-bit numbers as numbers, times as ISO 8601. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainValue);
  return value;
}
