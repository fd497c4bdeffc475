// CSV: the first line names the columns; every value is text, and an empty one is missing.
import { Misconfigured } from '../../schemas/errors.ts';
import { csvRecords } from './csv-records.ts';
import { BadRow, type NumberedRow, type TableRow } from './row.ts';

const recordBytesMax = 16_777_216;

/** The rows of a source of bytes. What follows a quote that is never closed is one bad row. */
export async function* readCommaSeparated(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<NumberedRow, void, void> {
  let names: readonly string[] | null = null;
  for await (const found of csvRecords(source, { recordBytesMax, relaxQuotes: false })) {
    const { line } = found;
    if ('failure' in found) yield { line, row: new BadRow('malformed', found.failure) };
    else if (names === null) names = namesIn(found.record);
    else yield { line, row: rowOf(names, found.record) };
  }
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
