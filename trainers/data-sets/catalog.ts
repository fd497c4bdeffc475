// Where manifests are: `<folder>/<name>/manifest.json` in folders such as trainers/data, and every version that was
// added on this machine, `<store>/manifests/<name>@<version>.json`. What is in the catalog does not change.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Misconfigured } from '../../schemas/errors.ts';
import { manifestHash, parseManifest, type SetManifest } from './manifest.ts';

/** Where data sets and their files are looked for. */
export interface SetPlaces {
  /** Folders that hold `<name>/manifest.json`, their files beside it. */
  readonly folders: readonly string[];
  /** The content-addressed store with what was added or fetched; without it nothing is fetched. */
  readonly store?: string | undefined;
  /** Collected sets that may not be passed on: `<collected>/<name>/<path>`. */
  readonly collected?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of a file that is being fetched. */
  readonly onFetch?: ((name: string, bytes: number) => void) | undefined;
}

/** The sets of this repository. */
export const repositorySets = fileURLToPath(new URL('../data', import.meta.url));

/** Where a task’s own rows lie, and the samples that must not be learned from. */
export const repositoryDirectories = {
  data: repositorySets,
  samples: fileURLToPath(new URL('../../samples', import.meta.url)),
} as const;

/** A manifest and the folder it stands in: files beside it are its own. Null for those in the store. */
export interface FoundManifest {
  readonly manifest: SetManifest;
  readonly folder: string | null;
}

/** Every manifest, by name and version. */
export async function listManifests({ folders, store }: SetPlaces): Promise<readonly FoundManifest[]> {
  const found: FoundManifest[] = [];
  for (const folder of folders)
    for (const name of await entriesOf(folder)) {
      const inside = await manifestIn(join(folder, name));
      if (inside !== null) found.push(inside);
    }
  if (store !== undefined)
    for (const file of await entriesOf(join(store, 'manifests')))
      if (file.endsWith('.json'))
        found.push({ manifest: await readManifest(join(store, 'manifests', file)), folder: null });
  return found.sort((a, b) => compare(a.manifest, b.manifest));
}

/** The set of that name, and version where one is named, else the newest; null where there is none. */
export async function findManifest(name: string, places: SetPlaces): Promise<FoundManifest | null> {
  const [base = '', version] = name.split('@');
  const candidates: FoundManifest[] = [];
  for (const folder of places.folders) {
    const inside = await manifestIn(join(folder, base));
    if (inside !== null) candidates.push(inside);
  }
  if (places.store !== undefined)
    for (const file of await entriesOf(join(places.store, 'manifests')))
      if (file.startsWith(`${base}@`))
        candidates.push({
          manifest: await readManifest(join(places.store, 'manifests', file)),
          folder: null,
        });
  const fitting = candidates.filter(({ manifest }) => version === undefined || manifest.version === version);
  return fitting.sort((a, b) => compare(a.manifest, b.manifest)).at(-1) ?? null;
}

/** The manifest in a folder; null where there is none. Throws `Misconfigured` for one that is none. */
export async function manifestIn(folder: string): Promise<FoundManifest | null> {
  const path = join(folder, 'manifest.json');
  const text = await readFile(path, 'utf8').catch(absent);
  return text === null ? null : { manifest: parsed(text, path), folder: resolve(folder) };
}

async function readManifest(path: string): Promise<SetManifest> {
  return parsed(await readFile(path, 'utf8'), path);
}

function parsed(text: string, path: string): SetManifest {
  try {
    return parseManifest(JSON.parse(text), path);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Misconfigured(`${path} is no JSON: ${cause.message}`, {
      code: 'data-manifest',
      fix: 'Restore it, or write it anew with “millrace data add”.',
      cause,
    });
  }
}

/**
 * Puts a manifest into the store, or writes `manifest.json` into `folder`, whole or not at all. In the store a version
 * never changes: the same manifest again is fine, another one is refused (`data-version-taken`).
 */
export async function saveManifest(
  manifest: SetManifest,
  { store, folder }: { readonly store: string; readonly folder?: string | undefined },
): Promise<string> {
  const path =
    folder === undefined
      ? join(store, 'manifests', `${manifest.name}@${manifest.version}.json`)
      : join(folder, 'manifest.json');
  const known = folder === undefined ? await readFile(path, 'utf8').catch(absent) : null;
  if (known !== null && manifestHash(parsed(known, path)) !== manifestHash(manifest)) throw taken(manifest);
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return path;
}

const taken = ({ name, version }: SetManifest): Misconfigured =>
  new Misconfigured(`there is a data set ${name}@${version} already, with other content`, {
    code: 'data-version-taken',
    fix: 'A version never changes: give the new content the next one, such as --set-version 1.1.0.',
  });

async function entriesOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(absent)) ?? [];
}

function absent(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  throw error;
}

function compare(a: SetManifest, b: SetManifest): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  const [left, right] = [a, b].map(({ version }) => version.split('.').map(Number));
  for (let at = 0; at < 3; at++) if (left![at] !== right![at]) return left![at]! - right![at]!;
  return 0;
}
