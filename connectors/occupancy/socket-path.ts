// Socket files of a data directory, reached even where the directory’s path is too long for a socket address.
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';

// Linux takes 107 bytes, macOS 103; longer addresses are cut off or refused by the kernel.
const addressBytesMax = 103;
const nameBytesMax = 40;

/**
 * Calls `use` with a directory path that leaves room for a socket’s name: the directory’s own, or that of a
 * short-lived symbolic link to it. The socket files themselves always lie in the directory.
 */
export async function withShortPath<T>(
  directory: string,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const whole = path.resolve(directory);
  if (fits(whole)) return use(whole);
  const nest = await mkdtemp(path.join(tmpdir(), 'mr-'));
  try {
    const link = path.join(nest, 'd');
    if (!fits(link)) throw tooLong(link);
    await symlink(whole, link);
    return await use(link);
  } finally {
    await rm(nest, { recursive: true, force: true });
  }
}

const fits = (directory: string): boolean =>
  Buffer.byteLength(directory) + 1 + nameBytesMax <= addressBytesMax;

const tooLong = (directory: string): Misconfigured =>
  new Misconfigured(`The temporary directory’s path is too long for a socket: ${directory}.`, {
    code: 'socket-path',
    fix: 'Set TMPDIR to a directory with a short path.',
  });

const nobodyThere: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT']);

/** A connection to the socket `name` of a directory; null when nobody listens there. */
export function connectTo(directory: string, name: string): Promise<Socket | null> {
  return withShortPath(
    directory,
    (short) =>
      new Promise((resolve, reject) => {
        const socket = createConnection(path.join(short, name));
        const failed = (error: NodeJS.ErrnoException): void => {
          if (nobodyThere.has(error.code)) resolve(null);
          else reject(unreachable(directory, error));
        };
        socket.once('error', failed);
        socket.once('connect', () => {
          socket.off('error', failed);
          // A reset after this is an end like any other: readers and writers see the close.
          socket.on('error', () => {});
          resolve(socket);
        });
      }),
  );
}

const unreachable = (directory: string, cause: NodeJS.ErrnoException): Misconfigured =>
  new Misconfigured(`The process that uses ${directory} cannot be reached (${cause.code}).`, {
    code: 'directory-unreachable',
    fix: 'Run as the user that started it, or choose another MILLRACE_DATA_DIRECTORY.',
    cause,
  });
