// Splits and folds written out: rows of a set as files of a new one, a file for each part.

import { Misconfigured } from '../../schemas/errors.ts';
import { type Added, addDataSet, type SetSource } from './addition.ts';
import { exampleOf } from './examples.ts';
import type { DataSet } from './open.ts';
import { foldOf, splitOf, stratify } from './partition.ts';
import { type Row, sameKey } from './rows.ts';

/** How rows are parted: by shares, by shares that are exact within each label, or into folds. */
export type Parting =
  | { readonly by: 'hash' | 'label'; readonly shares: Readonly<Record<string, number>> }
  | { readonly by: 'fold'; readonly folds: number };

export interface PartCounts {
  readonly part: string;
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
}

const foldName = (fold: number): string => `fold-${fold}`;

const partNames = (parting: Parting): readonly string[] =>
  parting.by === 'fold'
    ? Array.from({ length: parting.folds }, (_, fold) => foldName(fold))
    : Object.keys(parting.shares);

/** The part of a row, or null for one that gives no example. Equal texts are always in one part. */
type PartOf = (row: Row) => string | null;

/** Decides the parts. Only exact shares need a pass over the rows first; then a text a row is held. */
async function partsOf(set: DataSet, parting: Parting, seed: number): Promise<PartOf> {
  const { manifest } = set;
  const textOf = (row: Row) => {
    const example = exampleOf(row, manifest);
    return typeof example === 'string' ? null : example.text;
  };
  const byText =
    (part: (text: string) => string): PartOf =>
    (row) => {
      const text = textOf(row);
      return text === null ? null : part(text);
    };
  if (parting.by === 'fold') return byText((text) => foldName(foldOf(text, seed, parting.folds)));
  if (parting.by === 'hash') return byText((text) => splitOf(text, seed, parting.shares));
  const texts = new Map<string, { readonly text: string; readonly label: string }>();
  for await (const row of set.rows()) {
    const example = exampleOf(row, manifest);
    if (typeof example === 'string') continue;
    const { text, labels } = example;
    // The first row of a text says for all of them under which label it is counted.
    if (!texts.has(sameKey(text))) texts.set(sameKey(text), { text, label: labels[0] ?? '' });
  }
  const names = Object.keys(parting.shares);
  const parts = stratify([...texts.values()], seed, Object.values(parting.shares));
  const partOfKey = new Map([...texts.keys()].map((key, at) => [key, names[parts[at]!]!]));
  return byText((text) => partOfKey.get(sameKey(text))!);
}

/** Rows and labels of every part. */
export async function countParts(
  set: DataSet,
  parting: Parting,
  seed: number,
): Promise<readonly PartCounts[]> {
  const partOf = await partsOf(set, parting, seed);
  const counts = new Map(
    partNames(parting).map((part) => [part, { rows: 0, labels: new Map<string, number>() }]),
  );
  for await (const row of set.rows()) {
    const part = partOf(row);
    if (part === null) continue;
    const count = counts.get(part)!;
    count.rows += 1;
    const example = exampleOf(row, set.manifest);
    for (const label of typeof example === 'string' ? [] : example.labels)
      count.labels.set(label, (count.labels.get(label) ?? 0) + 1);
  }
  return [...counts].map(([part, { rows, labels }]) => ({
    part,
    rows,
    labels: Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
}

/** Writes the parts as a new set, whose splits go by file. Throws `Misconfigured` for a part without rows. */
export async function writeParts(
  set: DataSet,
  parting: Parting,
  {
    seed,
    name,
    version,
    store,
    signal,
  }: {
    readonly seed: number;
    readonly name: string;
    readonly version: string;
    readonly store: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Added> {
  const partOf = await partsOf(set, parting, seed);
  const sources = partNames(parting).map(
    (part): SetSource => ({ name: part, split: part, rows: rowsOfPart(set, partOf, part) }),
  );
  const { files: _, constraints: __, ...manifest } = set.manifest;
  const source = `${manifest.source}; ${manifest.name}@${manifest.version} (${set.hash.slice(0, 12)}), parted by ${parting.by} with seed ${seed}`;
  const draft = { ...manifest, name, version, source, splits: { by: 'file' as const } };
  return addDataSet({ draft, sources, store, signal });
}

async function* rowsOfPart(set: DataSet, partOf: PartOf, part: string): AsyncGenerator<Row, void, void> {
  let rows = 0;
  for await (const row of set.rows())
    if (partOf(row) === part) {
      rows += 1;
      yield row;
    }
  if (rows > 0) return;
  throw new Misconfigured(`no row falls into “${part}”`, {
    code: 'data-part-empty',
    fix: 'Make its share larger, take fewer folds, or another --seed.',
  });
}
