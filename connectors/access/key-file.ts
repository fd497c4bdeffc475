// The file of API keys: who may ask, each with a hash of its secret. Written whole and moved into place, so that a
// reader sees the old file or the new one; one writer at a time.
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Scope, scopes } from './caller.ts';

const storedKey = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1),
  tenant: z.string().min(1),
  ratePerSecond: z.number().positive().nullable(),
  scopes: z.array(z.enum(scopes)).readonly(),
  /** ISO 8601. */
  created: z.string(),
  /** SHA-256 of the secret, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
const keyFile = z.object({ version: z.literal(1), keys: z.array(storedKey) });

export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly ratePerSecond: number | null;
  readonly scopes: readonly Scope[];
  readonly created: string;
  readonly hash: string;
}

/** Keys of a file; none where there is no file. Throws `Misconfigured` (`keys-file`) when it is not one of ours. */
export async function readKeys(file: string): Promise<readonly StoredKey[]> {
  try {
    const content = await readFile(file, 'utf8');
    const { mode } = await stat(file);
    if (mode & 0o002) throw new Error('every user of this machine may write to it');
    return keyFile.parse(JSON.parse(content)).keys;
  } catch (error) {
    if (missing.has(codeOf(error))) return [];
    throw new Misconfigured(`The keys in ${file} cannot be used: ${reasonOf(error)}`, {
      code: 'keys-file',
      fix: 'Correct or remove the file (HTTP_KEYS_FILE), and create the keys again with `millrace keys create`.',
      cause: error,
    });
  }
}

/** Changes the keys of a file, which is made when missing, readable by this user only. */
export async function changeKeys(
  file: string,
  change: (keys: readonly StoredKey[]) => readonly StoredKey[],
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await locked(`${file}.lock`, async () => {
    const keys = change(await readKeys(file));
    const next = `${file}.next`;
    await rm(next, { force: true });
    const handle = await open(next, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(next, 0o600);
    await rename(next, file);
  });
}

const lockTries = 100;
const lockPauseMs = 50;
/** A writer needs milliseconds; a lock this old was left by one that was killed. */
const lockStaleMs = 10_000;

async function locked(lock: string, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt === lockTries) throw unwritable(lock, error);
      const age = Date.now() - (await stat(lock).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (age > lockStaleMs) await rm(lock, { force: true });
      else await wait(lockPauseMs);
    }
  }
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

const unwritable = (lock: string, cause: unknown): Misconfigured =>
  new Misconfigured(`The keys cannot be changed: ${reasonOf(cause)}`, {
    code: 'keys-file',
    fix: `Make the directory writable, name another file (HTTP_KEYS_FILE), or remove ${lock} when nobody changes keys.`,
    cause,
  });

/** No file yet, or no folder for it: what makes the folder says what is wrong with it. */
const missing: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const reasonOf = (error: unknown): string =>
  error instanceof z.ZodError
    ? `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`
    : error instanceof Error
      ? error.message
      : String(error);
