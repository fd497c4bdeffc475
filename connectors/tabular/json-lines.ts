// JSON lines: one object a line, UTF-8; empty lines are passed over.
import { isUtf8 } from 'node:buffer';
import { BadRow, type NumberedRow, type TableRow } from './row.ts';

const newline = 0x0a;
/** A line longer than this is not read: no text to be judged is. */
const lineBytesMax = 16_777_216;

/** The rows of a source of bytes. */
export async function* readJsonLines(source: AsyncIterable<Buffer>): AsyncGenerator<NumberedRow, void, void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  for await (const piece of source) {
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      line += 1;
      const bytes = Buffer.concat([...rest, piece.subarray(from, end)]);
      rest = [];
      restBytes = 0;
      from = end + 1;
      const row = rowOf(bytes, line);
      if (row !== null) yield { line, row };
    }
    if (from === piece.length) continue;
    rest.push(piece.subarray(from));
    restBytes += piece.length - from;
    if (restBytes > lineBytesMax) throw new Error(`line ${line + 1} is longer than ${lineBytesMax} bytes`);
  }
  const last = rowOf(Buffer.concat(rest), line + 1);
  if (last !== null) yield { line: line + 1, row: last };
}

function rowOf(bytes: Buffer, line: number): TableRow | BadRow | null {
  if (!isUtf8(bytes)) return new BadRow('invalid-utf8', 'the line holds bytes that are not UTF-8');
  const text = (line === 1 ? bytes.toString('utf8').replace(/^\ufeff/, '') : bytes.toString('utf8')).trim();
  if (text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as TableRow) : new BadRow('malformed', 'the line is no JSON object');
  } catch (error) {
    return new BadRow('malformed', `the line is no JSON: ${String(error)}`);
  }
}
