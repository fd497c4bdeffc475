// Where a command's lines come from: a file or standard input. Ctrl-C ends the reading, also while it waits.
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import { Misconfigured } from '../../schemas/errors.ts';

/** Longest line that is read, in bytes; longer than any record of any topic. */
export const lineBytesMax = 16_777_216;

const pieceBytes = 262_144;

/**
 * Opens a file, or standard input for `-` and no file; a person at a terminal is told that it waits for lines.
 * Throws `Misconfigured` when the file cannot be read.
 */
export async function openInput(
  io: CommandIo,
  file: string | undefined,
  workingDirectory: string,
): Promise<AsyncIterable<Buffer>> {
  if (file !== undefined && file !== '-') return openFile(resolve(workingDirectory, file));
  if (io.stdinIsUsed === false) await io.stderr.write('Reading lines from the terminal; Ctrl-D ends them.\n');
  return io.stdin;
}

async function openFile(path: string): Promise<AsyncIterable<Buffer>> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
  if (!(await handle.stat()).isDirectory()) return handle.createReadStream({ highWaterMark: pieceBytes });
  await handle.close();
  throw unreadable(path, { code: 'EISDIR' });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
};

const unreadable = (path: string, cause: Pick<NodeJS.ErrnoException, 'code'>): Misconfigured =>
  new Misconfigured(`${path} cannot be read: ${reasons[cause.code ?? ''] ?? cause.code}`, {
    code: 'file-unreadable',
    fix: 'Name a file that is there and readable, or `-` for standard input.',
    cause,
  });

/** There was nothing to work on. */
export const emptyInput = (fix: string): Misconfigured =>
  new Misconfigured('the input is empty', { code: 'empty-input', fix });

/** Thrown by a reading that was ended by Ctrl-C: half an input, and perhaps half a line, must not pass for a whole one. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The pieces of a source; throws as soon as `signal` is aborted, even while no piece comes. */
export async function* untilAborted(
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const pieces = source[Symbol.asyncIterator]();
  let interrupt = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interrupted('the input was interrupted'));
  });
  // Rejects while nobody waits for a piece, too.
  interrupted.catch(() => {});
  signal.addEventListener('abort', interrupt);
  if (signal.aborted) interrupt();
  try {
    for (;;) {
      const next = await Promise.race([interrupted, pieces.next()]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', interrupt);
    // Not awaited: it waits behind a read that may never end.
    pieces.return?.().catch(() => {});
  }
}
