// Rows of a data file: JSON lines, gzipped.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { Misconfigured } from '../../schemas/errors.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Every row of a `.jsonl.gz` file. Throws `Misconfigured` when it is missing or no such file. */
export async function readRows(path: string): Promise<readonly Row[]> {
  try {
    const lines = gunzipSync(await readFile(path))
      .toString('utf8')
      .split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
  } catch (cause) {
    throw new Misconfigured(`the data file ${path} cannot be read: ${String(cause)}`, {
      code: 'data-unreadable',
      fix: 'Check out the file again, or name the right directory with --data.',
      cause,
    });
  }
}

/** Whether a text falls into the given share of all texts: the text alone decides, so equal texts stay together. */
export function isInShare(text: string, share: number): boolean {
  return createHash('sha256').update(textKey(text)).digest().readUInt32BE(0) < share * 4_294_967_296;
}

/** A row’s text. */
export function textOf(row: Row): string {
  return String(row.text);
}

/** Letters and digits in lower case: two texts with the same key are the same to a model. */
export function textKey(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}

/** What makes two texts the same: their key, or the text itself where it has neither letters nor digits. */
export const sameKey = (text: string): string => textKey(text) || text.trim();

/** Words as white space parts them: what limits on length count. */
export const wordCount = (text: string): number => text.match(/\S+/gu)?.length ?? 0;
