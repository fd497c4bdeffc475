// The claim on a data directory: a listening socket with the highest generation number in it.
//
// Why generations: a socket file outlives kill -9, and “nobody answers, delete it, bind anew” lets two simultaneous
// starts delete each other’s. So nothing that may be owned is ever deleted:
// 1. Listen at a private name first: a published socket answers from its first instant.
// 2. Knock at the highest generation n. Who answers owns the directory.
// 3. Publish at n + 1 by link(2), which fails when another start was faster: then knock again.
// 4. Look again: with a higher generation there, withdraw. Its owner looked after us, and will not.
// 5. Only now delete lower generations. The highest stays for ever, dead or alive, so numbers never repeat.
// It holds among processes of one kernel; a directory shared between machines over a network is not guarded.
import { randomBytes } from 'node:crypto';
import { chmod, link, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { Hello } from './frames.ts';
import { generationsIn, knock, socketName } from './knock.ts';
import { makeDirectory } from './make-directory.ts';
import { withShortPath } from './socket-path.ts';

export interface Claim {
  readonly server: Server;
  /** Connections that came before the claim was certain; they wait for a hello. */
  readonly early: readonly Socket[];
}

const privatePrefix = 'millrace.claim-';
const attemptsMax = 100;
const attemptPauseMs = 20;
const leftoverAgeMs = 60_000;

/** Claims the directory, creating it. Throws `Misconfigured` when it is occupied or cannot be written. */
export async function claimDirectory(directory: string): Promise<Claim> {
  const early: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    early.push(socket);
  });
  const privateFile = path.join(directory, `${privatePrefix}${randomBytes(6).toString('hex')}`);
  try {
    await makeDirectory(directory, 0o700);
    await listen(server, directory, path.basename(privateFile));
    await chmod(privateFile, 0o600);
    const generation = await publish(directory, privateFile, early);
    await removeRemains(directory, generation);
    return { server, early };
  } catch (error) {
    server.close();
    for (const socket of early) socket.destroy();
    throw explained(error, directory);
  } finally {
    await rm(privateFile, { force: true }).catch(() => {});
  }
}

function listen(server: Server, directory: string, name: string): Promise<void> {
  return withShortPath(
    directory,
    (short) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(path.join(short, name), () => {
          server.off('error', reject);
          resolve();
        });
      }),
  );
}

/** Steps 2 to 4. Resolves to the generation that is ours. */
async function publish(directory: string, privateFile: string, early: Socket[]): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const highest = (await generationsIn(directory)).at(-1) ?? 0;
    const answer = highest === 0 ? null : await knock(directory, highest);
    if (answer === 'withdrawn') {
      await sleep(attemptPauseMs);
      continue;
    }
    if (answer !== null) {
      answer.socket.destroy();
      throw occupied(directory, answer.hello);
    }
    const ours = path.join(directory, socketName(highest + 1));
    if (!(await linkIfFree(privateFile, ours))) continue;
    if ((await generationsIn(directory)).at(-1) === highest + 1) return highest + 1;
    await rm(ours, { force: true });
    for (const socket of early.splice(0)) socket.destroy();
  }
  throw new Retryable(`Too many processes start on ${directory} at once.`, { code: 'directory-contended' });
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Deletes lower generations, and private sockets of starts that were killed on their way. */
async function removeRemains(directory: string, generation: number): Promise<void> {
  const lower = (await generationsIn(directory)).filter((other) => other < generation);
  for (const other of lower) await rm(path.join(directory, socketName(other)), { force: true });
  for (const name of await readdir(directory)) {
    if (!name.startsWith(privatePrefix)) continue;
    const file = path.join(directory, name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > leftoverAgeMs) await rm(file, { force: true });
  }
}

function occupied(directory: string, hello: Hello | null): Misconfigured {
  const who = hello ? `process ${hello.pid}, since ${hello.since}` : 'a process that does not answer';
  return new Misconfigured(`The data directory ${directory} is in use by ${who}.`, {
    code: 'directory-occupied',
    fix: 'Stop that process, or set MILLRACE_DATA_DIRECTORY to another directory.',
  });
}

const unusable: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there, or its file system has no sockets',
  ENOENT: 'its file system makes no directories',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
  EOPNOTSUPP: 'its file system has no sockets',
};

function explained(error: unknown, directory: string): unknown {
  const why = unusable[(error as NodeJS.ErrnoException).code ?? ''];
  if (why === undefined) return error;
  return new Misconfigured(`The data directory ${directory} cannot be used: ${why}.`, {
    code: 'directory-unusable',
    fix: 'Make it writable, or set MILLRACE_DATA_DIRECTORY to a directory on a local disk that is.',
    cause: error,
  });
}
