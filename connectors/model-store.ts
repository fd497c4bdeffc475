// The model store: a directory of releases, `<task>/<version>/` with manifest.json, model.onnx, baseline.json, card.md.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { baselineSchema } from '../schemas/baseline.ts';
import { Misconfigured } from '../schemas/errors.ts';
import { type ModelManifest, type ModelRelease, modelManifestSchema } from '../schemas/model-manifest.ts';

/** Manifests of every release, by task, the highest version first. Throws `Misconfigured` at the first damaged one. */
export async function listReleases(directory: string): Promise<readonly ModelManifest[]> {
  const manifests: ModelManifest[] = [];
  for (const task of await foldersIn(directory)) {
    const versions = await foldersIn(join(directory, task));
    for (const version of versions.sort((a, b) => compareVersions(b, a))) {
      manifests.push(await readManifest(join(directory, task, version), task, version));
    }
  }
  return manifests;
}

/** One release, `task@version`, its files checked against the manifest. Throws `Misconfigured`. */
export async function loadRelease(directory: string, release: string): Promise<ModelRelease> {
  const [task, version] = release.split('@');
  if (!task || !version) {
    throw new Misconfigured(`“${release}” names no release`, {
      code: 'bad-release-name',
      fix: 'Write it as task@version, such as language@1.0.0.',
    });
  }
  const folder = join(directory, task, version);
  const manifest = await readManifest(folder, task, version);
  const names = Object.keys(manifest.files);
  const files = new Map<string, Buffer>();
  for (const name of names) files.set(name, await readChecked(folder, name, manifest));
  const path = join(folder, 'baseline.json');
  const baselines = parse(
    path,
    files.get('baseline.json')!.toString('utf8'),
    z.array(baselineSchema).readonly(),
  );
  files.delete('baseline.json');
  return { manifest, files, baselines };
}

/**
 * The release that serves each task: the highest version, or the one that `pins` names for the task. Throws
 * `Misconfigured` for a task without a release.
 */
export async function loadServing(
  directory: string,
  tasks: readonly string[],
  pins: Readonly<Record<string, string>> = {},
): Promise<readonly ModelRelease[]> {
  return Promise.all(
    [...new Set(tasks)].map(async (task) => {
      const version = pins[task] ?? (await highestVersion(directory, task));
      return loadRelease(directory, `${task}@${version}`);
    }),
  );
}

async function highestVersion(directory: string, task: string): Promise<string> {
  const versions = await foldersIn(join(directory, task)).catch(() => []);
  const highest = versions.sort(compareVersions).at(-1);
  if (highest !== undefined) return highest;
  const known = await foldersIn(directory);
  throw new Misconfigured(`no release of the task “${task}” in ${directory}`, {
    code: 'model-missing',
    fix: `Train it with “millrace train ${task}”, or choose from: ${known.join(', ') || 'none'}.`,
  });
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
    throw new Misconfigured(`the models directory ${directory} cannot be read`, {
      code: 'models-unreadable',
      fix: 'Check inference.modelsDirectory, or restore the folder from the repository.',
      cause,
    });
  }
}

async function readManifest(folder: string, task: string, version: string): Promise<ModelManifest> {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path))
    throw new Misconfigured(`there is no release ${task}@${version}: ${path} is missing`, {
      code: 'model-missing',
      fix: 'See “millrace models list” for those that are there.',
    });
  const manifest = parse(path, (await readBytes(path)).toString('utf8'), modelManifestSchema);
  if (manifest.task !== task || manifest.version !== version) {
    throw damaged(path, `it says ${manifest.release}, its folder says ${task}@${version}`);
  }
  return manifest;
}

function parse<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, `it is no JSON (${String(cause)})`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw damaged(path, z.prettifyError(result.error));
  return result.data;
}

async function readChecked(folder: string, file: string, manifest: ModelManifest): Promise<Buffer> {
  const path = join(folder, file);
  const bytes = await readBytes(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 === manifest.files[file]) return bytes;
  throw damaged(path, `its SHA-256 is ${sha256}, the manifest says ${manifest.files[file]}`);
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw damaged(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`);
  }
}

const damaged = (path: string, what: string): Misconfigured =>
  new Misconfigured(`the model file ${path} is damaged: ${what}`, {
    code: 'model-damaged',
    fix: 'Restore the release from the repository, or train it again with “millrace train”.',
  });

/** Orders versions by their numbers: 1.10.0 comes after 1.9.0. */
function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let at = 0; at < 3; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
