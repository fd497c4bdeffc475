// Releases in an S3-compatible bucket, laid out as in a folder; the manifest, written last, is what makes one whole.
import { Misconfigured } from '../../schemas/errors.ts';
import { type ObjectStore, type ObjectStoreAccess, openObjectStore } from '../object-store/s3.ts';
import { FileCache } from './file-cache.ts';
import type { ReleaseName, ReleaseStorage } from './storage.ts';

interface BucketOptions {
  readonly access?: ObjectStoreAccess;
  readonly cacheDirectory?: string;
}

/** Opens `s3://bucket/prefix`. Throws `Misconfigured` for another address and without credentials. */
export function openBucketStorage(
  address: string,
  { access, cacheDirectory }: BucketOptions,
): ReleaseStorage {
  const { bucket, prefix } = parseAddress(address);
  if (!access?.accessKeyId || !access.secretAccessKey)
    throw new Misconfigured(`${address} needs credentials`, {
      code: 'bucket-login',
      fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  const objects = openObjectStore({ ...access, bucket });
  const cache = cacheDirectory === undefined ? undefined : new FileCache(cacheDirectory);
  const keyOf = ({ task, version }: ReleaseName, file: string): string =>
    `${prefix}${task}/${version}/${file}`;
  const aliasesOf = (task: string): string => `${prefix}${task}/aliases.json`;
  return {
    address,
    placeOf: (name, file) => `s3://${bucket}/${keyOf(name, file)}`,
    async releases(task) {
      const keys = await objects.keys(task === undefined ? prefix : `${prefix}${task}/`);
      return keys.flatMap((key) => {
        const [, of, version] = /^([^/]+)\/([^/]+)\/manifest\.json$/.exec(key.slice(prefix.length)) ?? [];
        return of !== undefined && version !== undefined ? [{ task: of, version }] : [];
      });
    },
    async read(name, file, sha256) {
      const near = sha256 === undefined ? undefined : await cache?.get(sha256);
      if (near) return near;
      const bytes = (await objects.get(keyOf(name, file)))?.bytes ?? null;
      if (bytes !== null && sha256 !== undefined) await cache?.set(sha256, bytes);
      return bytes;
    },
    publish: (name, files) => publish(objects, (file) => keyOf(name, file), files, address),
    async readAliases(task) {
      const stored = await objects.get(aliasesOf(task));
      return stored === null ? null : { text: stored.bytes.toString('utf8'), tag: stored.etag };
    },
    async replaceAliases(task, text, tag) {
      const bytes = Buffer.from(text);
      const key = aliasesOf(task);
      if (await objects.put(key, bytes, tag === null ? { absent: true } : { etag: tag })) return true;
      // A write whose answer was lost and that was sent again finds itself in its way.
      return (await objects.get(key))?.bytes.equals(bytes) ?? false;
    },
  };
}

function parseAddress(address: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket === undefined)
    throw new Misconfigured(`${address} names no bucket`, {
      code: 'bucket-address',
      fix: 'Write s3://bucket or s3://bucket/prefix.',
    });
  const prefix = path.replace(/^\/+|\/+$/g, '');
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/**
 * Files first, each only where nothing is or the same bytes are, then the manifest: a release that is seen is whole,
 * and of several publishers of one name only such as have the same bytes get through.
 */
async function publish(
  objects: ObjectStore,
  keyOf: (file: string) => string,
  files: ReadonlyMap<string, Uint8Array>,
  address: string,
): Promise<boolean> {
  const manifestKey = keyOf('manifest.json');
  if ((await objects.get(manifestKey)) !== null) return false;
  for (const [file, bytes] of files) {
    const key = keyOf(file);
    // Asked first: some servers take no notice of the condition.
    const there = await objects.get(key);
    if (there === null && (await objects.put(key, bytes, { absent: true }))) continue;
    const now = there ?? (await objects.get(key));
    if (now?.bytes.equals(bytes)) continue;
    if (file === 'manifest.json' || (await objects.get(manifestKey)) !== null) return false;
    throw new Misconfigured(
      `${address} holds a ${key} of other bytes, from a publication that was not finished`,
      {
        code: 'release-in-the-way',
        fix: 'Publish the same release again to finish it, delete what lies there, or choose another version.',
      },
    );
  }
  return true;
}
