// Writes a release into a models directory.
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { printCard } from './card.ts';

/**
 * Writes `<out>/<task>/<version>/` with the files, the manifest that names their hashes and the card; resolves to that
 * manifest. Writes beside the place and renames: a reader sees a whole release or none.
 */
export async function writeRelease(
  out: string,
  draft: ModelManifest,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ModelManifest> {
  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)]));
  const manifest: ModelManifest = { ...draft, files: hashes };
  const folder = join(out, manifest.task, manifest.version);
  const writing = join(out, manifest.task, `.${manifest.version}.writing`);
  await rm(writing, { recursive: true, force: true });
  await mkdir(writing, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(writing, name), bytes);
  await writeFile(join(writing, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(writing, 'card.md'), printCard(manifest, sizeOf(files)));
  await rm(folder, { recursive: true, force: true });
  await rename(writing, folder);
  return manifest;
}

const sizeOf = (files: ReadonlyMap<string, Uint8Array>): number =>
  [...files].reduce((sum, [name, bytes]) => sum + (name === 'baseline.json' ? 0 : bytes.length), 0);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
