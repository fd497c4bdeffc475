// Verified copies of a bucket's files on this machine, by their hash; the least recently used go when there are many.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from './release-files.ts';

const bytesMaxDefault = 4 * 2 ** 30;

/** A cache that cannot be read or written costs a download, never an answer. */
export class FileCache {
  readonly #directory: string;
  readonly #bytesMax: number;

  constructor(directory: string, bytesMax = bytesMaxDefault) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  /** The bytes of that hash; what has rotted is removed. */
  async get(sha256: string): Promise<Buffer | null> {
    const path = join(this.#directory, sha256);
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    if (sha256Of(bytes) !== sha256) {
      await rm(path, { force: true }).catch(() => {});
      return null;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return bytes;
  }

  /** Keeps `bytes`; those of another hash are not kept. */
  async set(sha256: string, bytes: Uint8Array): Promise<void> {
    if (sha256Of(bytes) !== sha256) return;
    const beside = join(this.#directory, `.${sha256}.${randomUUID()}`);
    try {
      await mkdir(this.#directory, { recursive: true });
      await writeFile(beside, bytes);
      await rename(beside, join(this.#directory, sha256));
      await this.#evict(sha256);
    } catch {
      await rm(beside, { force: true }).catch(() => {});
    }
  }

  async #evict(kept: string): Promise<void> {
    const names = (await readdir(this.#directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(this.#directory, name));
        return { name, size, mtimeMs };
      }),
    );
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= this.#bytesMax) return;
      if (name === kept) continue;
      await rm(join(this.#directory, name), { force: true });
      total -= size;
    }
  }
}
