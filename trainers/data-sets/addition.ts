// Adds a data set: its files are kept or named where they are, every row is read once, and the manifest is written last.
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createGzip } from 'node:zlib';
import {
  blobPath,
  type Content,
  contentOf,
  fetchBytes,
  fileBytes,
  keepBlob,
  nameOf,
} from '../../connectors/blob-store.ts';
import { formatOf, readTable, type TableFormat } from '../../connectors/tabular/table.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { saveManifest } from './catalog.ts';
import { type Cleaned, type CleaningOptions, cleanRows } from './cleaning.ts';
import { type Inspection, inspectRows, type PlacedRow } from './inspection.ts';
import { parseManifest, type SetFile, type SetManifest } from './manifest.ts';
import type { Row } from './rows.ts';

/** A manifest before its files are known. */
export type SetDraft = Omit<SetManifest, 'files'>;

/** Where rows come from: a file here, an address, or rows made on the way, which are written as JSON lines. */
export type SetSource = { readonly split?: string | undefined } & (
  | { readonly path: string }
  | { readonly url: string }
  | { readonly name: string; readonly rows: AsyncIterable<Row> }
);

export interface Addition {
  readonly draft: SetDraft;
  readonly sources: readonly SetSource[];
  /** The content-addressed store. */
  readonly store: string;
  /** Folder for the manifest, of which the files below it are its own; without it the manifest goes to the store. */
  readonly folder?: string | undefined;
  /** Files below `<collected>/<name>/` are named, not copied. */
  readonly collected?: string | undefined;
  /** Writes cleaned files instead of the given ones. */
  readonly cleaning?: CleaningOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows read so far, over all passes. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

export interface Added {
  readonly manifest: SetManifest;
  readonly path: string;
  readonly inspection: Inspection;
  /** By file, when it was cleaned. */
  readonly cleaned: readonly (Omit<Cleaned, 'rows'> & { readonly file: string })[];
}

/** A file whose bytes are known and lie at `at`. */
interface Kept {
  readonly file: Omit<SetFile, 'rows'>;
  readonly at: string;
}

/**
 * Adds a set; nothing but unnamed blobs is left behind when it fails. Throws `Misconfigured` for rows that cannot be
 * read (unless cleaned), constraints that do not hold, and a version that is taken.
 */
export async function addDataSet(addition: Addition): Promise<Added> {
  const { draft, sources, signal } = addition;
  const progress = rowCounter(addition.onRows);
  const files: SetFile[] = [];
  const placed: { readonly file: SetFile; readonly at: string }[] = [];
  const cleaned: Added['cleaned'][number][] = [];
  for (const source of sources) {
    signal?.throwIfAborted();
    let kept = await keep('rows' in source ? { ...source, rows: progress(source.rows) } : source, addition);
    if (addition.cleaning !== undefined) {
      const { at, file } = kept;
      const partial = { ...draft, files: [{ ...file, rows: 0 }] };
      const result = await cleanRows(
        () => progress(readTable(at, file.format, file.path)),
        partial,
        addition.cleaning,
      );
      const { rows, ...counts } = result;
      cleaned.push({ file: file.path, ...counts });
      kept = await keepRows(
        file.path.replace(/(\.(jsonl|ndjson|csv|parquet))?(\.gz)?$/i, ''),
        rows(),
        file.split,
        addition,
      );
    }
    const file = { ...kept.file, rows: 0 };
    files.push(file);
    placed.push({ file, at: kept.at });
  }
  const counts = new Map<SetFile, number>();
  const unfinished: SetManifest = { ...draft, files };
  const rows = placedRows(placed, unfinished, counts);
  const inspection = await inspectRows(progress(rows), unfinished);
  refuse(inspection, draft.name);
  const manifest = parseManifest(
    { ...draft, files: files.map((file) => ({ ...file, rows: counts.get(file) ?? 0 })) },
    `the new data set ${draft.name}`,
  );
  signal?.throwIfAborted();
  return { manifest, path: await saveManifest(manifest, addition), inspection, cleaned };
}

/** Rows of files with the split of each; `counts` gets the rows of every file. */
export async function* placedRows(
  placed: readonly { readonly file: SetFile; readonly at: string }[],
  { splits }: Pick<SetManifest, 'splits'>,
  counts: Map<SetFile, number>,
): AsyncGenerator<PlacedRow, void, void> {
  for (const { file, at } of placed) {
    let rows = 0;
    for await (const numbered of readTable(at, file.format, file.path)) {
      rows += 1;
      yield { ...numbered, split: splits.by === 'file' ? (file.split ?? null) : null };
    }
    counts.set(file, rows);
  }
}

async function keep(source: SetSource, addition: Addition): Promise<Kept> {
  if ('rows' in source) return keepRows(source.name, source.rows, source.split, addition);
  const { split } = source;
  const { store, signal } = addition;
  if ('url' in source) {
    const format = formatFor(source.url);
    const content = await keepBlob(store, fetchBytes(source.url, signal), { name: source.url, signal });
    return kept(nameOf(source.url), format, content, split, blobPath(store, content.sha256), source.url);
  }
  const format = formatFor(source.path);
  if ((await fileBytes(source.path)) === null)
    throw new Misconfigured(`${source.path} cannot be read: there is no such file`, {
      code: 'file-unreadable',
      fix: 'Name a file that is there, or an address that begins with https://.',
    });
  const own = await ownPath(source.path, addition);
  if (own !== null) return kept(own, format, await contentOf(source.path, signal), split, source.path);
  const bytes = fetchBytes(pathToFileURL(source.path).href, signal);
  const content = await keepBlob(store, bytes, { name: source.path, signal });
  return kept(nameOf(source.path), format, content, split, blobPath(store, content.sha256));
}

const kept = (
  path: string,
  format: TableFormat,
  content: Content,
  split: string | undefined,
  at: string,
  url?: string,
): Kept => ({
  file: {
    path,
    ...content,
    format,
    ...(split === undefined ? {} : { split }),
    ...(url === undefined ? {} : { url }),
  },
  at,
});

function formatFor(name: string): TableFormat {
  const format = formatOf(nameOf(name));
  if (format !== null) return format;
  throw new Misconfigured(`the format of ${name} cannot be told from its name`, {
    code: 'unknown-format',
    fix: 'Its name has to end with .jsonl, .csv (perhaps with .gz) or .parquet.',
  });
}

/** The path of a file below the folder of the set, or below its folder among the collected sets; null elsewhere. */
async function ownPath(path: string, { draft, folder, collected }: Addition): Promise<string | null> {
  const file = await realpath(path);
  const roots = [folder, collected === undefined ? undefined : join(collected, draft.name)];
  for (const root of roots) {
    const real = root === undefined ? null : await realpath(root).catch(() => null);
    if (real === null) continue;
    const below = relative(real, file);
    if (!below.startsWith('..') && !isAbsolute(below)) return below.split('\\').join('/');
  }
  return null;
}

/** Writes rows as gzipped JSON lines into the store. */
async function keepRows(
  name: string,
  rows: AsyncIterable<Row>,
  split: string | undefined,
  { store, signal }: Addition,
): Promise<Kept> {
  const gzip = createGzip({ level: 9 });
  const feeding = pipeline(Readable.from(jsonLines(rows, signal), { objectMode: false }), gzip);
  // What breaks the rows breaks the reading of the gzip; without this it would also be an unhandled rejection.
  feeding.catch(() => {});
  const content = await keepBlob(store, gzip, { name, signal });
  return kept(`${name}.jsonl.gz`, 'jsonl', content, split, blobPath(store, content.sha256));
}

const piece = 65_536;

async function* jsonLines(rows: AsyncIterable<Row>, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  let text = '';
  for await (const row of rows) {
    signal?.throwIfAborted();
    text += `${JSON.stringify(row)}\n`;
    if (text.length < piece) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function rowCounter(onRows: Addition['onRows']) {
  let rows = 0;
  return async function* counted<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    for await (const row of source) {
      rows += 1;
      if (rows % 1_000 === 0) onRows?.(rows);
      yield row;
    }
  };
}

function refuse({ bad, omitted, violations, rows }: Inspection, name: string): void {
  if (bad.length > 0) {
    const shown = bad.map(({ line, problem, reason }) => `line ${line}: ${problem}: ${reason}`).join('; ');
    const all = omitted['invalid-utf8'] + omitted.malformed;
    throw new Misconfigured(`${all} of ${rows} rows of ${name} cannot be read: ${shown}`, {
      code: 'data-bad-row',
      fix: 'Mend them, or leave them out with --clean, which counts what it leaves out.',
    });
  }
  if (violations.length === 0) return;
  const missing = omitted.missing > 0 ? ` ${omitted.missing} of ${rows} rows have no text or no answer.` : '';
  throw new Misconfigured(`${name} is not what its manifest promises: ${violations.join('; ')}.${missing}`, {
    code: 'data-constraints',
    fix: 'Check the names of the columns (--text, --label, --labels, --score), clean it with --clean, or promise less.',
  });
}
