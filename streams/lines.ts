// Bytes as lines. A byte order mark before the first and a carriage return after any are left out; the last one may
// lack its newline.

const newline = 10;
const carriageReturn = 13;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Lines one by one; see `readLineGroups`. */
export async function* readLines(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<Buffer, void, void> {
  for await (const group of readLineGroups(source, bytesMax)) yield* group;
}

/**
 * Lines as they come: what one piece of the source completes is one group, so that nobody waits for more input than
 * there is. A line longer than `bytesMax` is cut to one byte more than that, by which it is known.
 */
export async function* readLineGroups(
  source: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<readonly Buffer[], void, void> {
  const cutter = new LineCutter(bytesMax);
  for await (const piece of source) {
    const lines = cutter.cut(piece);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last) yield [last];
}

class LineCutter {
  readonly #bytesMax: number;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isFirst = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in the piece. */
  cut(piece: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      lines.push(this.#line(piece.subarray(start, end)));
      start = end + 1;
    }
    if (start < piece.length) this.#keep(piece.subarray(start));
    return lines;
  }

  /** The line after the last newline, if there is one. */
  end(): Buffer | null {
    return this.#restBytes > 0 ? this.#line(Buffer.alloc(0)) : null;
  }

  #line(end: Buffer): Buffer {
    this.#keep(end);
    const line = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    const begins = this.#isFirst && line.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
    this.#isFirst = false;
    return line.subarray(begins, line.at(-1) === carriageReturn ? -1 : undefined);
  }

  /** What is beyond the longest line is not held. */
  #keep(part: Buffer): void {
    const kept = part.subarray(0, this.#bytesMax + 1 - this.#restBytes);
    this.#rest.push(kept);
    this.#restBytes += kept.length;
  }
}
