// The real command line as a child process, in a directory of its own, for tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

const cli = fileURLToPath(new URL('../../../streams/millrace.mjs', import.meta.url));

/** A place for one test’s files and its data directory; file arguments are relative to it. */
export class Workplace {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  readonly #alive = new Set<ChildProcess>();

  /** Runs a command to its end. */
  async run(argv: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<Finished> {
    const child = this.start(argv, env);
    child.stdin!.on('error', () => {}).end(input);
    return finished(child);
  }

  /** Runs the command line under a shell, `millrace` standing for it: for pipes that close. */
  async shell(script: string): Promise<Finished> {
    const whole = script.replaceAll('millrace', `"${process.execPath}" "${cli}"`);
    const child = this.#spawn('bash', ['-c', whole], {});
    child.stdin!.end();
    return finished(child);
  }

  start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return this.#spawn(process.execPath, [cli, ...argv], env);
  }

  /** Starts `up` and resolves when its streams run. */
  async up(env: Readonly<Record<string, string>> = {}): Promise<RunningUp> {
    const child = this.start(['up', '--json'], env);
    const ended = finished(child);
    const line = await Promise.race([once(child.stdout!, 'data').then(String), ended]);
    if (typeof line !== 'string') throw new Error(`up ended with ${line.code}: ${line.stderr}`);
    return { child, ended, http: (JSON.parse(line) as { readonly http: string }).http };
  }

  /** Ends what a failed test has left running, then removes the directory. */
  async close(): Promise<void> {
    for (const child of this.#alive) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.path, { recursive: true, force: true });
  }

  #spawn(program: string, argv: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(program, argv, { cwd: this.path, env: this.#environment(env) });
    this.#alive.add(child);
    child.once('exit', () => this.#alive.delete(child));
    return child;
  }

  /** Nothing of the surrounding configuration, so that the embedded parts run. */
  #environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const { PATH, HOME, TMPDIR } = process.env;
    const fixed = { PATH, HOME, TMPDIR, MILLRACE_DATA_DIRECTORY: join(this.path, 'data'), HTTP_PORT: '0' };
    const flush = { MILLRACE_SINK_FLUSH_MS: '20', MILLRACE_SINK_FLUSH_BULK_MS: '20' };
    return { ...fixed, ...flush, ...env };
  }
}

export interface RunningUp {
  readonly child: ChildProcess;
  readonly ended: Promise<Finished>;
  /** Address of /metrics, /live and /ready. */
  readonly http: string;
}

/** Waits until a counter of a running process, added up over the labels that fit, has come so far; commands cost seconds. */
export async function counted({ http }: RunningUp, counter: RegExp, least: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${http}/metrics`)).text();
    const lines = text.split('\n').filter((line) => counter.test(line));
    const sum = lines.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' '))), 0);
    if (sum >= least) return;
    await sleep(50);
  }
}

/** Resolves when the process has ended and its output is read. */
export async function finished(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** JSON lines as values. */
export const jsonLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Shell words that print the exit code of a part of the pipe before them. */
export const statusOf = (part: number): string => `echo "$\{PIPESTATUS[${part}]}"`;
