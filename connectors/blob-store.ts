// A content-addressed store of files: `<directory>/<first two>/<sha256>`. A file is there whole or not at all.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Misconfigured, Retryable } from '../schemas/errors.ts';

/** What a file holds. */
export interface Content {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface Keeping {
  /** Bytes that must come out of it; anything else is refused and nothing is kept. */
  readonly expected?: Content | undefined;
  /** What the source is called in errors. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Where a file with that hash lies, whether it is there or not. */
export const blobPath = (directory: string, sha256: string): string =>
  join(directory, sha256.slice(0, 2), sha256);

/** Hash and length of a file, read in pieces. Throws what reading throws. */
export async function contentOf(path: string, signal?: AbortSignal): Promise<Content> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1_048_576 })) {
    signal?.throwIfAborted();
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

let temporaries = 0;

/**
 * Streams a source into the store and resolves to what it held; the same bytes again change nothing. The file gets its
 * name only when it is whole and its hash is the expected one: a kill at any moment leaves a `.part` that the next call
 * of any process removes. Throws `Misconfigured` (`data-mismatch`) for other bytes than expected.
 */
export async function keepBlob(
  directory: string,
  source: AsyncIterable<Buffer | Uint8Array>,
  { expected, name, signal, onProgress }: Keeping,
): Promise<Content> {
  await mkdir(directory, { recursive: true });
  await removeAbandoned(directory);
  temporaries += 1;
  const part = join(directory, `${process.pid}-${temporaries}.part`);
  const hash = createHash('sha256');
  const counter = counting(hash, onProgress);
  try {
    await pipeline(Readable.from(source), counter.stream, createWriteStream(part), signal ? { signal } : {});
    const content = { sha256: hash.digest('hex'), bytes: counter.bytes() };
    if (expected && content.sha256 !== expected.sha256) throw mismatch(name, content, expected);
    const path = blobPath(directory, content.sha256);
    await mkdir(join(path, '..'), { recursive: true });
    await rename(part, path);
    return content;
  } finally {
    await rm(part, { force: true });
  }
}

function counting(hash: Hash, onProgress?: (bytes: number) => void) {
  let bytes = 0;
  const stream = new Transform({
    transform(piece: Buffer, _encoding, done) {
      hash.update(piece);
      bytes += piece.length;
      onProgress?.(bytes);
      done(null, piece);
    },
  });
  return { stream, bytes: () => bytes };
}

/** Removes what processes that are gone left half-written. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    const owner = /^(\d+)-\d+\.part$/.exec(entry)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await rm(join(directory, entry), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export const mismatch = (name: string, found: Content, expected: Content): Misconfigured =>
  new Misconfigured(
    `${name} is not what the manifest names: its SHA-256 is ${found.sha256} (${found.bytes} bytes), expected ${expected.sha256} (${expected.bytes} bytes)`,
    {
      code: 'data-mismatch',
      fix: 'Get the file again from where the manifest says; where it was changed on purpose, add it as a new version with “millrace data add”.',
    },
  );

/** The length of a file, or null where there is none. */
export async function fileBytes(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? found.size : null;
}

/**
 * The bytes at an address: http, https or file. Throws `Retryable` (`data-offline`) when a server does not answer or is
 * unwell, `Misconfigured` (`data-missing`) when it has no such file.
 */
export async function* fetchBytes(
  address: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const url = new URL(address);
  if (url.protocol === 'file:') {
    const path = fileURLToPath(url);
    if ((await fileBytes(path)) === null) throw missing(address, 'there is no such file');
    for await (const piece of createReadStream(path)) yield piece as Buffer;
    return;
  }
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw offline(address, cause);
  });
  if (response.status >= 500 || response.status === 429) throw offline(address, `status ${response.status}`);
  if (!response.ok || response.body === null) throw missing(address, `the server answers ${response.status}`);
  try {
    yield* response.body;
  } catch (cause) {
    signal?.throwIfAborted();
    throw offline(address, cause);
  }
}

function offline(address: string, cause: unknown): Retryable {
  const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  return new Retryable(`${address} cannot be fetched: ${why}`, { code: 'data-offline', cause });
}

const missing = (address: string, why: string): Misconfigured =>
  new Misconfigured(`${address} cannot be fetched: ${why}`, {
    code: 'data-missing',
    fix: 'Check the address in the manifest, or get the file by hand and name its directory with --data.',
  });

/** The last part of an address or path: what tells the format. */
export const nameOf = (address: string): string =>
  /^[a-z]+:\/\//.test(address) ? basename(new URL(address).pathname) : basename(address);
