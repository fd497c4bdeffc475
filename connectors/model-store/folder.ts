// Releases in a folder: `<task>/<version>/`, written beside their place and renamed, so that a reader sees a whole one.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import { withLock } from './lock.ts';
import { damaged, sha256Of } from './release-files.ts';
import type { ReleaseName, ReleaseStorage, StoredAliases } from './storage.ts';

/** A publication that has not moved for so long was killed. */
const abandonedMs = 3_600_000;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

export function openFolderStorage(directory: string): ReleaseStorage {
  const folderOf = ({ task, version }: ReleaseName): string => join(directory, task, version);
  const aliasesOf = (task: string): string => join(directory, task, 'aliases.json');
  const placeOf = (name: ReleaseName, file: string): string => join(folderOf(name), file);
  return {
    address: directory,
    placeOf,
    async releases(task) {
      const tasks = task === undefined ? await foldersIn(directory) : [task];
      const names: ReleaseName[] = [];
      for (const each of tasks)
        for (const version of await versionsIn(directory, each)) names.push({ task: each, version });
      return names;
    },
    async read(name, file) {
      const path = placeOf(name, file);
      try {
        return await readFile(path);
      } catch (cause) {
        if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null;
        throw damaged(path, `it cannot be read (${codeOf(cause)})`);
      }
    },
    publish: (name, files) => publish(directory, folderOf(name), name, files),
    readAliases: (task) => readText(aliasesOf(task)),
    async replaceAliases(task, text, tag) {
      const path = aliasesOf(task);
      return withLock(join(directory, task, '.aliases.lock'), async (assertHeld) => {
        if (((await readText(path))?.tag ?? null) !== tag) return false;
        const beside = join(directory, task, `.aliases.${randomUUID()}.writing`);
        await writeDurably(beside, Buffer.from(text));
        await assertHeld();
        await rename(beside, path);
        await syncFolder(dirname(path));
        return true;
      });
    },
  };
}

/** Folder names, sorted; hidden ones and files are left out. */
async function foldersIn(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    throw new Misconfigured(`the models directory ${directory} cannot be read (${codeOf(cause)})`, {
      code: 'models-unreadable',
      fix: 'Check inference.modelsDirectory, or restore the folder from the repository.',
      cause,
    });
  }
}

/** Versions with a manifest; none for a task without a folder, unless the whole directory is missing. */
async function versionsIn(directory: string, task: string): Promise<string[]> {
  const folder = join(directory, task);
  if (!existsSync(folder)) {
    if (!existsSync(directory)) await foldersIn(directory);
    return [];
  }
  return (await foldersIn(folder)).filter((version) => existsSync(join(folder, version, 'manifest.json')));
}

async function readText(path: string): Promise<StoredAliases | null> {
  try {
    const bytes = await readFile(path);
    return { text: bytes.toString('utf8'), tag: sha256Of(bytes) };
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw damaged(path, `it cannot be read (${codeOf(cause)})`);
  }
}

async function publish(
  directory: string,
  folder: string,
  { task, version }: ReleaseName,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<boolean> {
  if (existsSync(folder)) return refuseUnlessWhole(folder);
  const parent = join(directory, task);
  const writing = join(parent, `.${version}.${randomUUID()}.writing`);
  try {
    await mkdir(writing, { recursive: true });
    await removeAbandoned(parent);
    for (const [file, bytes] of files) await writeDurably(join(writing, file), bytes);
    await syncFolder(writing);
    // Renaming onto a folder that holds files fails: of several publishers one wins.
    await rename(writing, folder);
    await syncFolder(parent);
    return true;
  } catch (cause) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(cause))) return refuseUnlessWhole(folder);
    throw new Misconfigured(`the release cannot be written to ${folder} (${codeOf(cause)})`, {
      code: 'models-unwritable',
      fix: 'Check that the models directory may be written to and that the disk has room.',
      cause,
    });
  } finally {
    await rm(writing, { recursive: true, force: true });
  }
}

/** False for a whole release; a folder without a manifest is nobody's to overwrite. */
function refuseUnlessWhole(folder: string): false {
  if (existsSync(join(folder, 'manifest.json'))) return false;
  throw new Misconfigured(`${folder} is in the way: it exists and holds no release`, {
    code: 'release-in-the-way',
    fix: 'Move or delete that folder, or choose another version.',
  });
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!/^\..*\.writing$/.test(entry)) continue;
    const path = join(parent, entry);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
}

/** Writes a file so that it is on the disk, not only in memory, before it is renamed. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await withFile(await open(path, 'wx'), async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
}

async function syncFolder(path: string): Promise<void> {
  await withFile(await open(path, 'r'), (file) => file.sync());
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
