// CSV as JSON records of a topic: the first line names the fields.
import { pipeline } from 'node:stream/promises';
import { type CsvError, parse } from 'csv-parse';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Topic } from '../../schemas/topic.ts';
import { lineBytesMax } from './input.ts';
import type { Line } from './publication.ts';

interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Rows as JSON; a row that spans lines goes by its last one. Throws `Misconfigured` when the first line names no
 * field of the topic. A quote that is never closed makes one rejected line of all that follows it.
 */
export async function* readCsv(
  source: AsyncIterable<Buffer>,
  topic: Topic,
): AsyncGenerator<Line, void, void> {
  let failure: CsvError | undefined;
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: lineBytesMax,
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
  let number = 0;
  for await (const { record, info } of parser as AsyncIterable<Row>) {
    if (failure && info.lines >= Number(failure.lines)) break;
    number = info.lines;
    if (names === null) names = namesIn(record, topic);
    else yield { number, value: messageIn(names, record, topic) };
  }
  if (!failure) return;
  const reason = `${failure.message}; what comes after it was not read`;
  yield { number: number + 1, value: { code: 'malformed-csv', reason } };
}

function namesIn(record: readonly string[], topic: Topic): readonly string[] {
  const names = record.map((name) => name.trim());
  if (names.some((name) => name in topic.fields)) return names;
  const known = Object.keys(topic.fields).join(', ');
  throw new Misconfigured(`the first line names no field of ${topic.name}: ${names.join(',').slice(0, 80)}`, {
    code: 'csv-header',
    fix: `Begin with a line of field names, with commas between them. Fields are ${known}.`,
  });
}

function messageIn(names: readonly string[], record: readonly string[], topic: Topic): Line['value'] {
  if (record.length > names.length) {
    const reason = `${record.length} fields where the first line names ${names.length}; a text with a comma needs quotes`;
    return { code: 'malformed-csv', reason };
  }
  if (record.some((value) => value.includes('\ufffd')))
    return { code: 'invalid-utf8', reason: 'the line holds bytes that are not UTF-8' };
  const entries = record.flatMap((value, column) =>
    value === '' ? [] : [[names[column]!, typed(value, topic.fields[names[column]!]?.type)]],
  );
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)));
}

/** CSV knows only text: values of numeric and yes/no fields are read as such. */
function typed(value: string, type: string | undefined): unknown {
  if (type === 'flag') return value === 'true' ? true : value === 'false' ? false : value;
  const isNumber = type === 'count' || type === 'float' || type === 'double' || type === 'time';
  return isNumber && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}
