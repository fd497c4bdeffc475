// Bytes as lines, each at most `bytesMax` long; the last one may lack its newline.
import { Misconfigured } from '../schemas/errors.ts';

const newline = 10;
const carriageReturn = 13;

export async function* readLines(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<Buffer, void, void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const piece of source) {
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      yield trimReturn(Buffer.concat([...rest, piece.subarray(start, end)]));
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < piece.length) rest.push(piece.subarray(start));
    restBytes += piece.length - start;
    if (restBytes > bytesMax)
      throw new Misconfigured(`a line is longer than ${bytesMax} bytes`, {
        code: 'line-too-long',
        fix: 'Is this a text file with one message a line?',
      });
  }
  if (restBytes > 0) yield trimReturn(Buffer.concat(rest));
}

const trimReturn = (line: Buffer): Buffer =>
  line.at(-1) === carriageReturn ? line.subarray(0, line.length - 1) : line;
