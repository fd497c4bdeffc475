// CSV: the first line names the columns; every value is text, and an empty one is missing.
import { pipeline } from 'node:stream/promises';
import { type CsvError, parse } from 'csv-parse';
import { Misconfigured } from '../../schemas/errors.ts';
import { BadRow, type NumberedRow, type TableRow } from './row.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

const recordBytesMax = 16_777_216;

/** The rows of a source of bytes. What follows a quote that is never closed is one bad row. */
export async function* readCommaSeparated(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<NumberedRow, void, void> {
  let failure: CsvError | undefined;
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    info: true,
    relax_column_count: true,
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
  let names: readonly string[] | null = null;
  let line = 0;
  for await (const { record, info } of parser as AsyncIterable<Parsed>) {
    if (failure && info.lines >= Number(failure.lines)) break;
    line = info.lines;
    if (names === null) names = namesIn(record);
    else yield { line, row: rowOf(names, record) };
  }
  if (failure)
    yield {
      line: line + 1,
      row: new BadRow('malformed', `${failure.message}; what comes after it was not read`),
    };
}

function namesIn(record: readonly string[]): readonly string[] {
  const names = record.map((name) => name.trim());
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined && !names.includes('')) return names;
  const what =
    twice === undefined || twice === '' ? 'leaves a column without a name' : `names “${twice}” twice`;
  throw new Misconfigured(`the first line ${what}`, {
    code: 'csv-header',
    fix: 'Begin the file with a line of column names, each of them once.',
  });
}

function rowOf(names: readonly string[], record: readonly string[]): TableRow | BadRow {
  if (record.length > names.length)
    return new BadRow('malformed', `${record.length} values where the first line names ${names.length}`);
  if (record.some((value) => value.includes('\ufffd')))
    return new BadRow('invalid-utf8', 'the line holds bytes that are not UTF-8');
  return Object.fromEntries(record.flatMap((value, at) => (value === '' ? [] : [[names[at]!, value]])));
}
