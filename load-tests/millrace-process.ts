// `millrace up` in a process and a data directory of its own, as a user runs it, for loads that come from outside.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Misconfigured } from '../schemas/errors.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const startMs = 120_000;

export interface MillraceProcess {
  /** Address of its door. */
  readonly url: string;
  readonly pid: number;
  /** Its data directory, removed when it stops. */
  readonly directory: string;
  stop(): Promise<void>;
}

/**
 * Starts it on a free port, with `env` on top of this process's own, and waits until it is ready. Throws
 * `Misconfigured` when it ends before that; its log goes to standard error.
 */
export async function startMillrace(env: Readonly<Record<string, string>>): Promise<MillraceProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'));
  const args = ['--max-semi-space-size=64', 'streams/millrace.mjs', 'up', '--json'];
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: {
      ...process.env,
      HTTP_PORT: '0',
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const url = await Promise.race([addressOf(child), ended.then(() => null)]);
  if (url !== null && (await isReady(url))) return { url, pid: child.pid!, directory, stop };
  await stop();
  throw new Misconfigured('Millrace did not start.', {
    code: 'millrace-not-started',
    fix: 'What it said stands above.',
  });
}

/** The address in the line that `up --json` prints. */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout! })) {
    stdout!.resume();
    return (JSON.parse(line) as { http: string }).http;
  }
  return new Promise(() => {});
}

async function isReady(url: string): Promise<boolean> {
  for (let waited = 0; waited < startMs; waited += 100) {
    const answer = await fetch(`${url}/ready`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return true;
    await sleep(100);
  }
  return false;
}

/** CPU seconds and memory of a Millrace, as its own metrics tell. */
export async function usageOf(url: string): Promise<{ cpuSeconds: number; rssMiB: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
  return {
    cpuSeconds: value('process_cpu_seconds_total'),
    rssMiB: Math.round(value('process_resident_memory_bytes') / 2 ** 20),
  };
}
