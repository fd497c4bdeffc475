// What releases and aliases mean, over any storage of bytes: names, hashes, immutability, moves.
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { type ModelManifest, modelManifestSchema } from '../../schemas/model-manifest.ts';
import type { ModelStore, WholeRelease } from '../model-store.ts';
import {
  type AliasChanges,
  aliasNames,
  moveAliases,
  noAliases,
  type TaskAliases,
  taskAliasesSchema,
} from './aliases.ts';
import { assembleRelease, checkFile, parseJson, parseManifest, printManifest } from './release-files.ts';
import type { ReleaseName, ReleaseStorage } from './storage.ts';

/** Manifests read at once. */
const readsMax = 16;
/** Times that an alias document may change between reading and replacing it. */
const triesMax = 20;

export function createModelStore(storage: ReleaseStorage): ModelStore {
  const manifestOf = async (name: ReleaseName): Promise<ModelManifest> => {
    const bytes = await storage.read(name, 'manifest.json');
    if (bytes === null) throw missingRelease(storage, name);
    return parseManifest(storage.placeOf(name, 'manifest.json'), bytes, name);
  };
  const fileOf = async (name: ReleaseName, file: string, manifest: ModelManifest): Promise<Buffer> => {
    const bytes = await storage.read(name, file, manifest.files[file]);
    return checkFile(storage.placeOf(name, file), file, bytes, manifest);
  };
  const filesOf = async (name: ReleaseName, manifest: ModelManifest): Promise<Map<string, Buffer>> => {
    const files = new Map<string, Buffer>();
    for (const file of Object.keys(manifest.files)) files.set(file, await fileOf(name, file, manifest));
    return files;
  };
  const cardOf = async (name: ReleaseName): Promise<string> =>
    (await storage.read(name, 'card.md'))?.toString('utf8') ?? '';
  const resolve = (name: string): Promise<ReleaseName> => resolveName(storage, name);
  return {
    address: storage.address,
    async list() {
      const names = [...(await storage.releases())].sort(byTaskThenHighest);
      const manifests: ModelManifest[] = [];
      for (let at = 0; at < names.length; at += readsMax)
        manifests.push(...(await Promise.all(names.slice(at, at + readsMax).map(manifestOf))));
      return manifests;
    },
    manifest: async (name) => manifestOf(await resolve(name)),
    card: async (name) => cardOf(await resolve(name)),
    async file(name, file) {
      const found = await resolve(name);
      const manifest = await manifestOf(found);
      return Object.hasOwn(manifest.files, file) ? fileOf(found, file, manifest) : null;
    },
    async load(name) {
      const found = await resolve(name);
      const manifest = await manifestOf(found);
      const files = await filesOf(found, manifest);
      return assembleRelease(storage.placeOf(found, 'baseline.json'), manifest, files);
    },
    async whole(name) {
      const found = await resolve(name);
      const manifest = await manifestOf(found);
      return { manifest, files: await filesOf(found, manifest), card: await cardOf(found) };
    },
    publish: (release) => publishRelease(storage, release),
    aliases: async (task) => (await readAliases(storage, task)).aliases,
    changeAliases: (task, decide, reason) => changeAliases(storage, task, decide, reason),
  };
}

const missingRelease = (storage: ReleaseStorage, name: ReleaseName): Misconfigured =>
  new Misconfigured(
    `there is no release ${name.task}@${name.version}: ${storage.placeOf(name, 'manifest.json')} is missing`,
    { code: 'model-missing', fix: 'See “millrace models list” for those that are there.' },
  );

/** The release that `task`, `task@version` or `task@alias` means. */
async function resolveName(storage: ReleaseStorage, name: string): Promise<ReleaseName> {
  const [, task = '', version] = /^([a-z][a-z0-9-]*)(?:@([\w.-]+))?$/.exec(name) ?? [];
  if (task === '')
    throw new Misconfigured(`“${name}” names no release`, {
      code: 'bad-release-name',
      fix: 'Write a task, task@version or task@champion, such as language@1.0.0.',
    });
  const alias = aliasNames.find((known) => known === version);
  if (version !== undefined && alias === undefined) return { task, version };
  const { aliases } = (await readAliases(storage, task)).aliases;
  const aliased = aliases[alias ?? 'champion'];
  if (aliased !== undefined) return { task, version: aliased };
  if (alias === undefined) return { task, version: await highestVersion(storage, task) };
  throw new Misconfigured(`the task “${task}” has no ${alias} in ${storage.address}`, {
    code: 'alias-missing',
    fix: `See “millrace models aliases ${task}”.`,
  });
}

async function highestVersion(storage: ReleaseStorage, task: string): Promise<string> {
  const [highest] = [...(await storage.releases(task))].sort(byTaskThenHighest);
  if (highest !== undefined) return highest.version;
  const known = [...new Set((await storage.releases()).map((release) => release.task))].sort();
  throw new Misconfigured(`no release of the task “${task}” in ${storage.address}`, {
    code: 'model-missing',
    fix: `Train it with “millrace train ${task}”, or choose from: ${known.join(', ') || 'none'}.`,
  });
}

/** By task; versions by their numbers, the highest first: 1.10.0 comes before 1.9.0. */
function byTaskThenHighest(a: ReleaseName, b: ReleaseName): number {
  if (a.task !== b.task) return a.task < b.task ? -1 : 1;
  const [left, right] = [a.version.split('.').map(Number), b.version.split('.').map(Number)];
  for (let at = 0; at < 3; at++) {
    const difference = (right[at] ?? 0) - (left[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function publishRelease(storage: ReleaseStorage, release: WholeRelease): Promise<boolean> {
  const manifest = modelManifestSchema.parse(release.manifest);
  const { task, version } = manifest;
  const files = new Map<string, Uint8Array>();
  // In one order everywhere: of several publishers of a name, the first file that differs lets one through.
  for (const file of Object.keys(manifest.files).sort())
    files.set(file, checkFile(`${manifest.release}/${file}`, file, release.files.get(file), manifest));
  files.set('card.md', Buffer.from(release.card));
  files.set('manifest.json', Buffer.from(printManifest(manifest)));
  if (await storage.publish({ task, version }, files)) return true;
  const different: string[] = [];
  for (const [file, bytes] of files) {
    const there = await storage.read({ task, version }, file);
    // Manifests of other writers order their keys otherwise.
    const same = file === 'manifest.json' && there !== null ? reprinted(storage, manifest, there) : there;
    if (same === null || !same.equals(bytes)) different.push(file);
  }
  if (different.length === 0) return false;
  throw new Misconfigured(
    `there is a release ${manifest.release} in ${storage.address} already, with other bytes in ${different.join(', ')}`,
    { code: 'release-exists', fix: 'A release never changes: give the new one another version.' },
  );
}

const reprinted = (storage: ReleaseStorage, name: ReleaseName, bytes: Buffer): Buffer =>
  Buffer.from(printManifest(parseManifest(storage.placeOf(name, 'manifest.json'), bytes, name)));

async function readAliases(
  storage: ReleaseStorage,
  task: string,
): Promise<{ readonly aliases: TaskAliases; readonly tag: string | null }> {
  const stored = await storage.readAliases(task);
  if (stored === null) return { aliases: noAliases, tag: null };
  const place = `${storage.address}/${task}/aliases.json`;
  return { aliases: parseJson(place, Buffer.from(stored.text), taskAliasesSchema), tag: stored.tag };
}

async function changeAliases(
  storage: ReleaseStorage,
  task: string,
  decide: Parameters<ModelStore['changeAliases']>[1],
  reason: Parameters<ModelStore['changeAliases']>[2],
): Promise<TaskAliases> {
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    const { aliases: current, tag } = await readAliases(storage, task);
    const changes = await decide(current);
    await assertReleased(storage, task, changes);
    const next = moveAliases(current, changes, { ...reason, at: new Date().toISOString() });
    if (next === current) return current;
    const text = `${JSON.stringify(next, null, 2)}\n`;
    if (await storage.replaceAliases(task, text, tag)) return next;
    await sleep(Math.random() * 20 * attempt);
  }
  throw new Retryable(`the aliases of ${task} in ${storage.address} keep changing`, { code: 'aliases-busy' });
}

async function assertReleased(storage: ReleaseStorage, task: string, changes: AliasChanges): Promise<void> {
  const wanted = Object.values(changes).filter((version) => version !== null);
  if (wanted.length === 0) return;
  const there = new Set((await storage.releases(task)).map(({ version }) => version));
  for (const version of wanted) if (!there.has(version)) throw missingRelease(storage, { task, version });
}
