// The manifest of a set that is being added, as far as a draft and the command line say it.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { SetDraft, SetSource } from '../../trainers/data-sets/addition.ts';
import { parseManifest } from '../../trainers/data-sets/manifest.ts';
import type { CommandContext } from './command.ts';
import type { DataOptions } from './data-places.ts';

export interface AddOptions extends DataOptions {
  readonly kind?: SetDraft['kind'];
  readonly text?: string;
  readonly second?: string;
  readonly label?: string;
  readonly labels?: string;
  readonly score?: string;
  readonly id?: string;
  readonly slice?: readonly string[];
  readonly labelMap?: Readonly<Record<string, string>>;
  readonly setVersion?: string;
  readonly doc?: string;
  readonly licence?: string;
  readonly source?: string;
  readonly ships?: boolean;
  readonly shares?: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly wordsMin?: number;
  readonly clipScores?: boolean;
  readonly clean?: boolean;
  readonly nearDuplicates?: number;
  readonly balance?: boolean;
  readonly draft?: string;
  readonly into?: string;
  readonly sql?: string;
  readonly topic?: string;
  readonly from?: string;
  readonly to?: string;
  readonly workingDirectory?: string;
}

export const wrong = (what: string, fix: string) => new Misconfigured(what, { code: 'bad-argument', fix });

/** The fields of a draft; none without a file. */
export async function draftFrom(
  { workingDirectory }: CommandContext,
  file: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  if (file === undefined) return {};
  const path = resolve(workingDirectory, file);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new Misconfigured(`the draft ${path} cannot be read: ${String(cause)}`, {
      code: 'file-unreadable',
      fix: 'Name a file with a JSON object of manifest fields; docs/data.md lists them.',
      cause,
    });
  }
}

/** The manifest without its files: the draft, and over it what the command line says. */
export async function draftOf(
  context: CommandContext,
  name: string,
  sources: readonly SetSource[],
  options: AddOptions,
): Promise<SetDraft> {
  const { files: _, ...draft } = await draftFrom(context, options.draft);
  const { text, second, label, labels, score, id, slice, labelMap, clipScores, wordsMin } = options;
  const columns = defined({ text, second, label, labels, score, id, slices: slice });
  const named = sources.filter(({ split }) => split !== undefined).length;
  if (named > 0 && named < sources.length)
    throw wrong('some files have a split and some have none', 'Name all of them as split=file, or none.');
  const splits =
    options.shares === undefined && named > 0
      ? { by: 'file' }
      : { by: 'hash', seed: options.seed, shares: options.shares ?? { train: 0.8, dev: 0.1, test: 0.1 } };
  const cleaning = defined({ clipScores, wordsMin });
  const map =
    labelMap &&
    Object.fromEntries(Object.entries(labelMap).map(([from, to]) => [from, to === '' ? null : to]));
  const whole = {
    version: '1.0.0',
    doc: `The data set ${name}.`,
    licence: 'none stated',
    source: 'added with millrace data add',
    ships: false,
    kind: second ? 'pairs' : labels ? 'multi-label' : score ? 'score' : 'classification',
    ...draft,
    ...defined({
      kind: options.kind,
      version: options.setVersion,
      doc: options.doc,
      licence: options.licence,
    }),
    ...defined({ source: options.source, ships: options.ships, labelMap: map }),
    name,
    columns: { text: 'text', ...(draft.columns as object | undefined), ...columns },
    splits: draft.splits ?? splits,
    ...(Object.keys(cleaning).length > 0 ? { cleaning } : {}),
  };
  const columnsOf = whole.columns as Readonly<Record<string, unknown>>;
  if (whole.kind === 'classification' && columnsOf.label === undefined)
    Object.assign(columnsOf, { label: 'label' });
  // Checked before a byte is read; the file is a stand-in that the real ones replace.
  const { files: __, ...checked } = parseManifest({ ...whole, files: [standIn] }, `the data set ${name}`);
  return checked;
}

const standIn = { path: 'x.jsonl', sha256: '0'.repeat(64), bytes: 0, rows: 0, format: 'jsonl', split: 'x' };

const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
