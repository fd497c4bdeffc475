// Labelled messages in a file: JSON lines, gzipped, the same bytes from the same lines. Neither side holds all of it as one
// text, and the one that writes goes on with other things meanwhile.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { LabelledText } from './collection.ts';

/** Bytes that are packed at a time; zlib does it on a thread of its own. */
const pieceBytes = 65_536;
const lineFeed = 0x0a;

/** Writes JSON lines beside their place and moves them there; resolves to the SHA-256 of the file and its rows. */
export async function writeLabelled(
  path: string,
  lines: Uint8Array,
  signal?: AbortSignal,
): Promise<{ readonly sha256: string; readonly rows: number }> {
  const hash = createHash('sha256');
  let rows = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < lines.length; from += pieceBytes) {
      const piece = lines.subarray(from, from + pieceBytes);
      for (let at = piece.indexOf(lineFeed); at >= 0; at = piece.indexOf(lineFeed, at + 1)) rows += 1;
      yield piece;
    }
  }
  async function* hashed(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of packed) {
      hash.update(piece);
      yield piece;
    }
  }
  const beside = `${path}.${process.pid}.writing`;
  await pipeline(
    pieces(),
    createGzip(),
    hashed,
    createWriteStream(beside),
    signal === undefined ? {} : { signal },
  );
  await rename(beside, path);
  return { sha256: hash.digest('hex'), rows };
}

/** Reads the rows one by one. Throws what the file system throws, and what zlib throws where the file is cut off. */
export async function readLabelled(path: string): Promise<readonly LabelledText[]> {
  const rows: LabelledText[] = [];
  await pipeline(createReadStream(path), createGunzip(), async (bytes: AsyncIterable<Buffer>) => {
    const decoder = new TextDecoder('utf-8');
    let rest = '';
    for await (const piece of bytes) {
      // Line feeds alone: readline takes U+2028, which may stand in a text, for the end of a line, too.
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const line of lines) rows.push(JSON.parse(line) as LabelledText);
    }
  });
  return rows;
}
