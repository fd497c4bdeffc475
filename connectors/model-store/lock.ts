// A lock file for changes that take milliseconds: held by one process of any machine that sees the folder.
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

/** A lock so old was left by a process that died or a machine that lost power. */
const staleMs = 10_000;
const waitMs = 15_000;

/**
 * Runs `work` while nobody else holds the lock. `work` calls `assertHeld` before the step that cannot be taken back: a
 * process that slept in between may have lost the lock. Throws `Retryable` when the lock stays taken.
 */
export async function withLock<T>(
  path: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const token = JSON.stringify({ host: hostname(), pid: process.pid, id: randomUUID() });
  await acquire(path, token);
  const isHeld = async (): Promise<boolean> => (await contentOf(path)) === token;
  try {
    return await work(async () => {
      if (!(await isHeld())) throw busy(path);
    });
  } finally {
    if (await isHeld()) await rm(path, { force: true });
  }
}

const busy = (path: string): Retryable =>
  new Retryable(`another process holds ${path}`, { code: 'aliases-busy' });

async function acquire(path: string, token: string): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!(await tryAcquire(path, token))) {
    if (await isStale(path)) await takeAway(path);
    else if (Date.now() > deadline) throw busy(path);
    else await sleep(5 + Math.random() * 20);
  }
}

async function tryAcquire(path: string, token: string): Promise<boolean> {
  // Written beside and linked: the lock never exists without its holder's name in it.
  const beside = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, token);
    await link(beside, path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code === 'EPERM' || code === 'ENOTSUP') return createExclusively(path, token);
    throw new Misconfigured(`${dirname(path)} cannot be written to (${code})`, {
      code: 'models-unwritable',
      fix: 'Check that the models directory may be written to.',
      cause,
    });
  } finally {
    await rm(beside, { force: true });
  }
}

/** For file systems without hard links. */
async function createExclusively(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(token);
    await file.close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

const contentOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** Whether the holder is dead: a process of this machine that is gone, or anyone who held it far too long. */
async function isStale(path: string): Promise<boolean> {
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > staleMs) return true;
  try {
    const { host, pid } = JSON.parse((await contentOf(path)) ?? '{}') as { host?: string; pid?: number };
    return host === hostname() && typeof pid === 'number' && !isAlive(pid);
  } catch {
    return false;
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

/** Renaming first: of several that find the same stale lock, one takes it away. */
async function takeAway(path: string): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  await rename(path, away).catch(() => {});
  await rm(away, { force: true });
}
