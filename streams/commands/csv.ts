// CSV as JSON records of a topic: the first line names the fields.
import { csvRecords } from '../../connectors/tabular/csv-records.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Topic } from '../../schemas/topic.ts';
import { lineBytesMax } from './input.ts';
import type { Line } from './publication.ts';

/**
 * Rows as JSON; a row that spans lines goes by its last one. Throws `Misconfigured` when the first line names no
 * field of the topic. A quote that is never closed makes one rejected line of all that follows it.
 */
export async function* readCsv(
  source: AsyncIterable<Buffer>,
  topic: Topic,
): AsyncGenerator<Line, void, void> {
  let names: readonly string[] | null = null;
  for await (const found of csvRecords(source, { recordBytesMax: lineBytesMax, relaxQuotes: true })) {
    const number = found.line;
    if ('failure' in found) yield { number, value: { code: 'malformed-csv', reason: found.failure } };
    else if (names === null) names = namesIn(found.record, topic);
    else yield { number, value: messageIn(names, found.record, topic) };
  }
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
