// Opens a data set by its name, its version or its path: what training, evaluation and search read from.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { contentOf } from '../../connectors/blob-store.ts';
import { BadRow } from '../../connectors/tabular/row.ts';
import { formatOf, readTable } from '../../connectors/tabular/table.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Example } from '../trainer.ts';
import { type FoundManifest, findManifest, manifestIn, type SetPlaces } from './catalog.ts';
import { exampleOf } from './examples.ts';
import { fileOf } from './files.ts';
import { manifestHash, type SetFile, type SetManifest, splitNames } from './manifest.ts';
import { splitOf } from './partition.ts';
import type { Row } from './rows.ts';

export interface DataSet {
  readonly manifest: SetManifest;
  /** Identity of the set: SHA-256 of its manifest, which names the SHA-256 of its files. */
  readonly hash: string;
  readonly splits: readonly string[];
  /** The files of a split (of all without one), where they lie, checked. */
  files(split?: string): Promise<readonly PlacedFile[]>;
  /** The rows of a split as they stand in its files, in order. Throws `Misconfigured` for a row that is none. */
  rows(split?: string): AsyncIterable<Row>;
  /** The same as examples: label map and cleaning of the manifest applied, texts cleaned as serving cleans them. */
  examples(split?: string): AsyncIterable<Example>;
}

export interface PlacedFile {
  readonly file: SetFile;
  readonly path: string;
}

/**
 * Opens a set: `name`, `name@version`, a folder with a manifest, a manifest, a folder of data files (each a split), or
 * one data file. What has no manifest is read as texts with a `label`, `labels` or `score`, as its first row has them.
 * Throws `Misconfigured` (`unknown-data-set`) when there is none of these.
 */
export async function openDataSet(name: string, places: SetPlaces): Promise<DataSet> {
  return openFound(await find(name, places), places);
}

/** A set whose manifest is at hand. */
function openFound(found: FoundManifest, places: SetPlaces): DataSet {
  const { manifest } = found;
  const { splits } = manifest;
  const check = (split: string | undefined) => checkSplit(manifest, split);
  const files = async (split?: string): Promise<readonly PlacedFile[]> => {
    check(split);
    const wanted = manifest.files.filter(
      (file) => splits.by === 'hash' || split === undefined || file.split === split,
    );
    const placed: PlacedFile[] = [];
    for (const file of wanted) placed.push({ file, path: await fileOf(found, file, places) });
    return placed;
  };
  async function* rows(split?: string): AsyncGenerator<Row, void, void> {
    for (const { file, path } of await files(split))
      for await (const { line, row } of readTable(path, file.format, file.path)) {
        places.signal?.throwIfAborted();
        if (row instanceof BadRow) throw badLine(path, line, row);
        if (splits.by === 'file' || split === undefined || isIn(row, split)) yield row;
      }
  }
  const isIn = (row: Row, split: string): boolean =>
    splits.by === 'hash' &&
    // By the cleaned text, as everything that counts splits does: cleaning may part or join words.
    splitOf(cleanText(String(row[manifest.columns.text] ?? '')), splits.seed, splits.shares) === split;
  async function* examples(split?: string): AsyncGenerator<Example, void, void> {
    for await (const row of rows(split)) {
      const example = exampleOf(row, manifest);
      if (typeof example !== 'string') yield example;
    }
  }
  return { manifest, hash: manifestHash(manifest), splits: splitNames(manifest), files, rows, examples };
}

function checkSplit(manifest: SetManifest, split: string | undefined): void {
  const names = splitNames(manifest);
  if (split === undefined || names.includes(split)) return;
  throw new Misconfigured(`the data set ${manifest.name} has no split “${split}”`, {
    code: 'unknown-split',
    fix: `Its splits are ${names.join(', ')}.`,
  });
}

const badLine = (path: string, line: number, { problem, reason }: BadRow): Misconfigured =>
  new Misconfigured(`${path}, line ${line}: ${problem}: ${reason}`, {
    code: 'data-bad-row',
    fix: 'Add the file as a data set with “millrace data add --clean”, which leaves such rows out and counts them.',
  });

/** Whether a set is named by a path: one with a slash, or a file that is told by its ending. */
export const isSetPath = (name: string): boolean =>
  /[/\\]|^\.|\.(json|jsonl|ndjson|csv|gz|parquet)$/.test(name);

async function find(name: string, places: SetPlaces): Promise<FoundManifest> {
  const isPath = isSetPath(name);
  if (isPath) {
    const found = await findAtPath(resolve(name));
    if (found !== null) return found;
  } else {
    const found = (await findManifest(name, places)) ?? (await findBare(name, places));
    if (found !== null) return found;
  }
  throw new Misconfigured(`there is no data set “${name}”`, {
    code: 'unknown-data-set',
    fix: isPath
      ? 'Name a manifest.json, a folder, or a file that ends with .jsonl, .csv (perhaps with .gz) or .parquet.'
      : '“millrace data list” shows those that are here; a file is named by its path, such as ./rows.jsonl.',
  });
}

async function findAtPath(path: string): Promise<FoundManifest | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  if (found.isDirectory()) return (await manifestIn(path)) ?? bareFolder(path);
  if (basename(path) === 'manifest.json') return manifestIn(dirname(path));
  return formatOf(path) === null
    ? null
    : bareManifest(dirname(path), [basename(path)], basename(path).replace(/\..*$/, ''));
}

/** A folder of data files without a manifest, in a folder of sets or among the collected ones. */
async function findBare(name: string, { folders, collected }: SetPlaces): Promise<FoundManifest | null> {
  for (const folder of [...folders, ...(collected === undefined ? [] : [collected])]) {
    const found = await bareFolder(join(folder, name));
    if (found !== null) return found;
  }
  return null;
}

async function bareFolder(folder: string): Promise<FoundManifest | null> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((file) => formatOf(file) !== null).sort();
  return files.length === 0 ? null : bareManifest(folder, files);
}

/** What a manifest would say about files that have none. */
async function bareManifest(
  folder: string,
  names: readonly string[],
  name = basename(folder),
): Promise<FoundManifest> {
  const files: SetFile[] = [];
  for (const path of names) {
    const content = await contentOf(join(folder, path));
    files.push({ path, ...content, rows: 0, format: formatOf(path)!, split: path.replace(/\..*$/, '') });
  }
  const first = await firstRow(join(folder, names[0]!));
  const kind =
    'labels' in first
      ? 'multi-label'
      : 'label' in first
        ? 'classification'
        : 'score' in first
          ? 'score'
          : 'unlabelled';
  const answer = { 'multi-label': 'labels', classification: 'label', score: 'score', unlabelled: null }[kind];
  const manifest: SetManifest = {
    name: nameFor(name),
    version: '0.0.0',
    doc: 'Files without a manifest.',
    licence: 'none stated',
    source: 'unknown',
    ships: false,
    kind,
    columns: { text: 'text', ...(answer === null ? {} : { [answer]: answer }) },
    splits: { by: 'file' },
    files,
  };
  return { manifest, folder };
}

const nameFor = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '') || 'unnamed';

async function firstRow(path: string): Promise<Row> {
  for await (const { row } of readTable(path, formatOf(path)!)) return row instanceof BadRow ? {} : row;
  return {};
}
