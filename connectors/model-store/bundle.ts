// A release as one file: a gzipped tar with a list of checksums, the same bytes for the same release everywhere.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Misconfigured } from '../../schemas/errors.ts';
import type { WholeRelease } from '../model-store.ts';
import { checkFile, parseManifest, printManifest, sha256Of } from './release-files.ts';
import { readTar, writeTar } from './tar.ts';

/** A bundle that unpacks to more is none of ours. */
const unpackedBytesMax = 4_000_000_000;
const checksums = 'SHA256SUMS';

/** Files of a release by name: manifest, card and what the manifest names. */
export const filesOfRelease = ({ manifest, files, card }: WholeRelease): Map<string, Uint8Array> =>
  new Map<string, Uint8Array>([
    ['manifest.json', Buffer.from(printManifest(manifest))],
    ['card.md', Buffer.from(card)],
    ...files,
  ]);

/** A `.tar.gz` that `tar xzf` unpacks and `sha256sum -c SHA256SUMS` checks. */
export async function packBundle(release: WholeRelease): Promise<Buffer> {
  const { task, version } = release.manifest;
  const files = filesOfRelease(release);
  const sums = [...files].map(([file, bytes]) => `${sha256Of(bytes)}  ${file}\n`).join('');
  const entries = [...files, [checksums, Buffer.from(sums)] as const].map(
    ([file, bytes]) => [`${task}-${version}/${file}`, bytes] as const,
  );
  return promisify(gzip)(writeTar(entries), { level: 6 });
}

/** The release in a bundle, every checksum compared. Throws `Misconfigured` that names `place`. */
export async function unpackBundle(place: string, bytes: Uint8Array): Promise<WholeRelease> {
  const files = new Map<string, Buffer>();
  for (const [path, content] of readTar(await unzip(place, bytes), (what) => unreadable(place, what)))
    files.set(path.split('/').slice(1).join('/'), content);
  const sums = files.get(checksums);
  if (sums === undefined) throw unreadable(place, `it has no ${checksums}`);
  files.delete(checksums);
  for (const [, sha256, file = ''] of sums.toString('utf8').matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)) {
    const content = files.get(file);
    if (content === undefined) throw unreadable(place, `${file} is missing`);
    if (sha256Of(content) !== sha256) throw unreadable(place, `the checksum of ${file} does not agree`);
  }
  return releaseOf(place, files);
}

/** A release of loose files. Throws `Misconfigured` for a missing or damaged one. */
export function releaseOf(place: string, found: ReadonlyMap<string, Buffer>): WholeRelease {
  const bytes = found.get('manifest.json');
  if (bytes === undefined) throw unreadable(place, 'it has no manifest.json');
  const manifest = parseManifest(`${place}: manifest.json`, bytes);
  const names = Object.keys(manifest.files);
  const files = names.map(
    (file) => [file, checkFile(`${place}: ${file}`, file, found.get(file), manifest)] as const,
  );
  return { manifest, files: new Map(files), card: found.get('card.md')?.toString('utf8') ?? '' };
}

async function unzip(place: string, bytes: Uint8Array): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: unpackedBytesMax });
  } catch (cause) {
    throw unreadable(place, `it cannot be unzipped (${(cause as NodeJS.ErrnoException).code ?? cause})`);
  }
}

const unreadable = (place: string, what: string): Misconfigured =>
  new Misconfigured(`${place} is no bundle of a release: ${what}`, {
    code: 'bundle-unreadable',
    fix: 'Name a file that “millrace models export” wrote, and copy it again if it was damaged on its way.',
  });
