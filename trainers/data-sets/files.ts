// Finds the files a manifest names: beside it, in the store, among the collected sets, or at its address, once.
// Whatever is found is hashed before it is read.
import { join } from 'node:path';
import {
  blobPath,
  type Content,
  contentOf,
  fetchBytes,
  fileBytes,
  keepBlob,
  mismatch,
} from '../../connectors/blob-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { FoundManifest, SetPlaces } from './catalog.ts';
import { type SetFile, type SetManifest, shipsFile } from './manifest.ts';

/**
 * The path of a file whose hash is that of the manifest. Throws `Misconfigured` when it is nowhere (`data-missing`) or
 * other bytes stand where it should be (`data-mismatch`), and `Retryable` when it cannot be fetched now.
 */
export async function fileOf(found: FoundManifest, file: SetFile, places: SetPlaces): Promise<string> {
  for (const path of candidatesOf(found, file, places)) {
    if ((await fileBytes(path)) === null) continue;
    const content = await contentOf(path, places.signal);
    if (content.sha256 === file.sha256) return path;
    throw mismatch(path, content, file);
  }
  const { store, signal, onFetch } = places;
  if (file.url === undefined || store === undefined) throw missing(found.manifest, file, places);
  const name = `${found.manifest.name}/${file.path}`;
  const expected: Content = file;
  await keepBlob(store, fetchBytes(file.url, signal), {
    expected,
    name: file.url,
    signal,
    ...(onFetch ? { onProgress: (bytes: number) => onFetch(name, bytes) } : {}),
  });
  return blobPath(store, file.sha256);
}

/** Where it may lie, the surest first. */
function candidatesOf(
  { manifest, folder }: FoundManifest,
  file: SetFile,
  { store, collected }: SetPlaces,
): readonly string[] {
  return [
    ...(folder === null ? [] : [join(folder, file.path)]),
    ...(store === undefined ? [] : [blobPath(store, file.sha256)]),
    ...(collected === undefined ? [] : [join(collected, manifest.name, file.path)]),
  ];
}

function missing(manifest: SetManifest, file: SetFile, { collected }: SetPlaces): Misconfigured {
  const what = `the file ${file.path} of the data set ${manifest.name}@${manifest.version} is not here`;
  const wanted = `${manifest.name}/${file.path} with the SHA-256 ${file.sha256}`;
  const place = collected === undefined ? '' : ` ${collected} has no ${manifest.name}/${file.path}.`;
  return new Misconfigured(
    `${what}${shipsFile(manifest, file) ? '' : ': it may not be passed on, so it is not in the repository'}`,
    {
      code: 'data-missing',
      fix: `Name the directory that holds ${wanted} with --data.${place} It comes from: ${manifest.source}`,
    },
  );
}
