// Loads chdb and opens its sessions, with errors that say what to do instead of a stack trace.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from 'chdb';
import { Misconfigured } from '../../schemas/errors.ts';

export type Chdb = typeof import('chdb');

const connectionArguments = ['--output_format_json_quote_64bit_integers=0'];

/** chdb is an optional dependency of half a gigabyte: it is loaded by who needs it only. */
export async function loadChdb(): Promise<Chdb> {
  try {
    return await import('chdb');
  } catch (cause) {
    throw new Misconfigured(
      'ClickHouse in process needs the package chdb, which is missing or does not load here',
      {
        code: 'chdb-missing',
        fix: 'Run `npm install --include=optional` (Linux or macOS), or set CLICKHOUSE_URL to use a ClickHouse server',
        cause,
      },
    );
  }
}

/** A session on a data directory, which is made when missing; `settings` hold for this session only. */
export async function openSession(
  chdb: Chdb,
  data: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const given = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  try {
    await mkdir(data, { recursive: true });
    return new chdb.Session(data, { connectionArgs: [...connectionArguments, ...given] });
  } catch (cause) {
    const owner = await ownerOf(data);
    throw owner === null ? unusable(data, cause) : occupied(data, owner, cause);
  }
}

/** Process that holds a data directory; null when none does. chdb itself tells why it failed to the terminal only. */
async function ownerOf(data: string): Promise<number | null> {
  const status = await readFile(join(data, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)$/m.exec(status)?.[1] ?? 0);
  return pid > 0 && isAlive(pid) ? pid : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Alive, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const occupied = (data: string, owner: number, cause: unknown): Misconfigured =>
  new Misconfigured(`Another process (${owner}) has the ClickHouse directory ${data} open`, {
    code: 'directory-occupied',
    fix: 'Stop that process, or choose another data directory (MILLRACE_DATA_DIRECTORY)',
    cause,
  });

const unusable = (data: string, cause: unknown): Misconfigured =>
  new Misconfigured(`ClickHouse cannot open its directory ${data}: ${reasonOf(cause)}`, {
    code: 'directory-unusable',
    fix: 'Make the directory writable, or choose another data directory (MILLRACE_DATA_DIRECTORY)',
    cause,
  });

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.trim().split('\n').join(' ') : String(cause);
