// Labelled messages in a file: JSON lines, gzipped, the same bytes from the same rows.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LabelledText } from './collection.ts';

export const printLabelled = (rows: readonly LabelledText[]): Buffer =>
  gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

export const parseLabelled = (bytes: Uint8Array): readonly LabelledText[] =>
  gunzipSync(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LabelledText);
