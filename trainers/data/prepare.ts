// Makes the data files of this folder from the collected sets: needed columns only, equal bytes on every run.
// Run with: node --import tsx trainers/data/prepare.ts <directory of the collected sets>
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Row, readRows, textOf } from '../data-sets/rows.ts';
import { cropWord, cropWords } from '../language/crops.ts';
import { createRandom } from '../random.ts';
import { judgedCases } from '../tasks/hate-grammar/judged-cases.ts';
import { mostUsed } from '../tasks/languages.ts';

/** A file to make: where its rows come from, which of them may ship, and which columns are kept. */
interface Preparation {
  readonly to: string;
  readonly from: readonly string[];
  /** Rows that come from no collected set. */
  readonly written?: () => readonly object[];
  readonly columns: readonly string[];
  readonly mayShip?: (row: Row) => boolean;
  readonly text?: (row: Row) => string;
  /** Several short texts out of one. */
  readonly pieces?: (row: Row) => readonly string[];
}

const plain = (set: string, files: readonly string[], columns: readonly string[]): Preparation[] =>
  files.map((file) => ({ to: `${set}/${file}`, from: [`${set}/${file}`], columns }));

/** The rows without a stated licence stay behind. */
const isLicensed = (row: Row): boolean => row.licence !== 'none stated';
/** Two lines, which are two sentences, at a time: reviews praise and blame in all their parts. */
function passages(row: Row): readonly string[] {
  const lines = textOf(row)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.split(/\s+/u).length >= 4);
  return lines.flatMap((line, at) =>
    at % 2 === 0 ? [[line, ...lines.slice(at + 1, at + 2)].join(' ')] : [],
  );
}
const promptColumns = ['text', 'label', 'src'];

/** Short texts out of long ones: the same piece of the same text on every run. */
const crops = (to: string, crop: (text: string, random: () => number) => string | undefined): Preparation => {
  const cropOf = (row: Row) => {
    const seed = [...textOf(row)].reduce(
      (hash, character) => Math.imul(hash, 31) + character.codePointAt(0)!,
      7,
    );
    return crop(textOf(row), createRandom(seed));
  };
  return {
    to,
    from: ['lid/dev'],
    columns: ['text', 'label'],
    mayShip: (row) => cropOf(row) !== undefined,
    text: (row) => cropOf(row)!,
  };
};

const preparations: readonly Preparation[] = [
  ...plain('lid', ['train', 'dev'], ['text', 'label']),
  crops('lid_crops/pairs', (text, random) => cropWords(text, 2, random)),
  crops('lid_crops/words', cropWord),
  {
    to: 'lid_most_used/dev',
    from: ['lid/dev'],
    columns: ['text', 'label'],
    mayShip: (row) => mostUsed.includes(String(row.label)),
  },
  ...plain('goemotions', ['train', 'dev', 'test'], ['text', 'labels']),
  ...plain('sentiment_labelled_sentences_uci', ['all'], ['text', 'label']),
  {
    to: 'movie_reviews/passages',
    from: ['movie_reviews/all'],
    columns: ['text', 'label'],
    pieces: passages,
  },
  ...plain('toxic_spans_civilcomments', ['train', 'dev', 'test'], ['text', 'spans']),
  ...plain('jigsaw_wikipedia_subset', ['binary_5000', 'six_label_3000'], ['text', 'label']),
  ...plain('surge_toxicity', ['all'], ['text', 'label']),
  {
    to: 'vicomtech_stormfront/all',
    from: ['vicomtech_stormfront/all'],
    columns: ['text', 'label'],
    mayShip: (row) => row.label === 'hate' || row.label === 'noHate',
  },
  ...plain('vicomtech_stormfront', ['sampled_test'], ['text', 'label']),
  {
    to: 'hate-functions/test',
    from: [],
    written: judgedCases,
    columns: ['text', 'label', 'functionality'],
  },
  ...plain('clinc150', ['train', 'dev', 'test'], ['text', 'label']),
  ...plain('banking77', ['train', 'test'], ['text', 'label']),
  ...plain('hwu64', ['train', 'test'], ['text', 'label']),
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
  for (const { to, from, columns, written, mayShip, text, pieces } of preparations) {
    const lines: string[] = [];
    const sources = [
      ...from.map((file) => () => readRows(join(source, `${file}.jsonl.gz`))),
      ...(written === undefined ? [] : [async () => written() as readonly Row[]]),
    ];
    for (const rows of sources) {
      for (const row of await rows()) {
        if (mayShip !== undefined && !mayShip(row)) continue;
        for (const piece of pieces?.(row) ?? [text?.(row) ?? row.text]) {
          const kept: Row = { ...row, text: piece };
          lines.push(
            `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, kept[column]])))}\n`,
          );
        }
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
