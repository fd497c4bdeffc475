// The files of a release as bytes: parsed, checked against the manifest's hashes, named when they are damaged.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { baselineSchema } from '../../schemas/baseline.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { type ModelManifest, type ModelRelease, modelManifestSchema } from '../../schemas/model-manifest.ts';
import { isDriftFile } from '../../schemas/text-sketch.ts';
import type { ReleaseName } from './storage.ts';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A manifest as the stores and bundles write it. */
export const printManifest = (manifest: ModelManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** The manifest in `bytes`, which lie at `place` under `name`. Throws `Misconfigured`. */
export function parseManifest(place: string, bytes: Uint8Array, name?: ReleaseName): ModelManifest {
  const manifest = parseJson(place, bytes, modelManifestSchema);
  if (name !== undefined && (manifest.task !== name.task || manifest.version !== name.version))
    throw damaged(place, `it says ${manifest.release}, its folder says ${name.task}@${name.version}`);
  return manifest;
}

/** `bytes` when they are what the manifest says they are. Throws `Misconfigured`. */
export function checkFile<Bytes extends Uint8Array>(
  place: string,
  file: string,
  bytes: Bytes | null | undefined,
  { files }: ModelManifest,
): Bytes {
  if (!bytes) throw damaged(place, 'it is missing');
  const sha256 = sha256Of(bytes);
  if (sha256 === files[file]) return bytes;
  throw damaged(place, `its SHA-256 is ${sha256}, the manifest says ${files[file]}`);
}

/** A release of checked files: the baselines are parsed and put beside those that models read. */
export function assembleRelease(
  place: string,
  manifest: ModelManifest,
  files: ReadonlyMap<string, Buffer>,
): ModelRelease {
  const baselines = parseJson(place, files.get('baseline.json')!, z.array(baselineSchema).readonly());
  return { manifest, files: new Map([...files].filter(([name]) => !isDriftFile(name))), baselines };
}

/** JSON of a schema. Throws `Misconfigured` that names `place`. */
export function parseJson<T>(place: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw damaged(place, `it is no JSON (${String(cause)})`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw damaged(place, z.prettifyError(result.error));
  return result.data;
}

export const damaged = (place: string, what: string): Misconfigured =>
  new Misconfigured(`the model file ${place} is damaged: ${what}`, {
    code: 'model-damaged',
    fix: 'Restore the release from the repository or a bundle, or train it again with “millrace train”.',
  });
