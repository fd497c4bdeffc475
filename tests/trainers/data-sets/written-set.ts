// Data sets written for the tests.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BadRow, type NumberedRow, type TableRow } from '../../../connectors/tabular/row.ts';
import type { SetDraft } from '../../../trainers/data-sets/addition.ts';

export const draftOf = (changes: Partial<SetDraft> = {}): SetDraft => ({
  name: 'written',
  version: '1.0.0',
  doc: 'Written for this test.',
  licence: 'CC0-1.0',
  source: 'this test',
  ships: true,
  kind: 'classification',
  columns: { text: 'text', label: 'label' },
  splits: { by: 'hash', seed: 1, shares: { train: 0.8, test: 0.2 } },
  ...changes,
});

export async function writeRows(path: string, rows: readonly object[]): Promise<string> {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, path.endsWith('.gz') ? gzipSync(lines) : lines);
  return path;
}

/** A source that can be read again, as `cleanRows` does. */
export const sourceOf = (rows: readonly (TableRow | BadRow)[]): (() => AsyncIterable<NumberedRow>) =>
  async function* () {
    for (const [at, row] of rows.entries()) yield { line: at + 1, row };
  };

export const notUtf8 = new BadRow('invalid-utf8', 'bytes');

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

const subjects = 'cat dog horse letter train song river window garden engine teacher doctor'.split(' ');
const verbs = 'sings laughs breaks waits grows burns falls answers travels sleeps returns changes'.split(' ');
const places = 'in the yard|near the sea|at night|on the hill|behind the house|after the storm'.split('|');

/** Distinct sentences, as many as 12 × 12 × 6 × 9. */
export const sentences = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => {
    const [subject, verb, place] = [
      subjects[at % 12],
      verbs[Math.floor(at / 12) % 12],
      places[Math.floor(at / 144) % 6],
    ];
    return `the ${subject} number ${Math.floor(at / 864)} ${verb} ${place}`;
  });
