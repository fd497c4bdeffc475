// Records of CSV with their line numbers, however damaged the source is.
import { pipeline } from 'node:stream/promises';
import { type CsvError, parse } from 'csv-parse';

export interface CsvOptions {
  readonly recordBytesMax: number;
  /** Quotes inside a value that is not quoted itself are read as they stand. */
  readonly relaxQuotes: boolean;
}

/** A record, and the line it ends on; or at the end, what is wrong with all that follows the line before. */
export type CsvRecord =
  | { readonly line: number; readonly record: readonly string[] }
  | { readonly line: number; readonly failure: string };

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Every record, the first one too. A quote that is never closed makes one failure of all that follows it. */
export async function* csvRecords(
  source: AsyncIterable<Buffer>,
  { recordBytesMax, relaxQuotes }: CsvOptions,
): AsyncGenerator<CsvRecord, void, void> {
  let failure: CsvError | undefined;
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    info: true,
    relax_column_count: true,
    relax_quotes: relaxQuotes,
    max_record_size: recordBytesMax,
    // A parser that throws also throws away the rows it has read and not yet handed on.
    skip_records_with_error: true,
    on_skip: (error) => {
      failure ??= error;
    },
  });
  const feeding = pipeline(source, parser);
  // A broken source shows while the rows are read; without this it would also be an unhandled rejection.
  feeding.catch(() => {});
  let line = 0;
  for await (const { record, info } of parser as AsyncIterable<Parsed>) {
    if (failure && info.lines >= Number(failure.lines)) break;
    line = info.lines;
    yield { line, record };
  }
  if (failure) yield { line: line + 1, failure: `${failure.message}; what comes after it was not read` };
}
