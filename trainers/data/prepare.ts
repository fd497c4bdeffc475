// Makes the data files of this folder from the collected sets: needed columns only, equal bytes on every run.
// Run with: node --import tsx trainers/data/prepare.ts <directory of the collected sets>
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Row, readRows } from '../data-sets/rows.ts';

/** A file to make: where its rows come from, which of them may ship, and which columns are kept. */
interface Preparation {
  readonly to: string;
  readonly from: readonly string[];
  readonly columns: readonly string[];
  readonly mayShip?: (row: Row) => boolean;
  readonly text?: (row: Row) => string;
}

const plain = (set: string, files: readonly string[], columns: readonly string[]): Preparation[] =>
  files.map((file) => ({ to: `${set}/${file}`, from: [`${set}/${file}`], columns }));

/** The rows without a stated licence stay behind. */
const isLicensed = (row: Row): boolean => row.licence !== 'none stated';
/** A review gives its verdict at its end. */
const lastLines = (row: Row): string => String(row.text).trim().split('\n').slice(-8).join('\n');
const promptColumns = ['text', 'label', 'src'];

const preparations: readonly Preparation[] = [
  ...plain('lid', ['train', 'dev'], ['text', 'label']),
  ...plain('goemotions', ['train', 'dev', 'test'], ['text', 'labels']),
  ...plain('sentiment_labelled_sentences_uci', ['all'], ['text', 'label']),
  {
    to: 'movie_reviews/endings',
    from: ['movie_reviews/all'],
    columns: ['text', 'label'],
    text: lastLines,
  },
  ...plain('toxic_spans_civilcomments', ['train', 'dev', 'test'], ['text', 'spans']),
  ...plain('jigsaw_wikipedia_subset', ['binary_5000', 'six_label_3000'], ['text', 'label']),
  ...plain('surge_toxicity', ['all'], ['text', 'label']),
  ...plain('clinc150', ['train', 'dev'], ['text', 'label']),
  {
    to: 'prompt_intent10/train',
    from: ['prompt_intent10/train'],
    columns: promptColumns,
    mayShip: isLicensed,
  },
  { to: 'prompt_intent10/dev', from: ['prompt_intent10/dev'], columns: promptColumns, mayShip: isLicensed },
  {
    to: 'prompt_intent10/test_dolly',
    from: ['prompt_intent10/test_dolly'],
    columns: promptColumns,
    mayShip: isLicensed,
  },
];

async function prepare(source: string): Promise<void> {
  const target = dirname(fileURLToPath(import.meta.url));
  for (const { to, from, columns, mayShip, text } of preparations) {
    const lines: string[] = [];
    for (const file of from) {
      for (const row of await readRows(join(source, `${file}.jsonl.gz`))) {
        if (mayShip !== undefined && !mayShip(row)) continue;
        const kept = text === undefined ? row : { ...row, text: text(row) };
        lines.push(
          `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, kept[column]])))}\n`,
        );
      }
    }
    const path = join(target, `${to}.jsonl.gz`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, gzipSync(lines.join(''), { level: 9 }));
  }
}

const source = process.argv[2];
if (source === undefined) throw new Error('name the directory of the collected data sets');
await prepare(source);
