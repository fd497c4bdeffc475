// Processes that the fault cases start: each is remembered, so that nothing is left when a run ends or is interrupted.
import { type ChildProcess, type ForkOptions, fork, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compiler } from '../../infra/compiled.mjs';

const living = new Set<ChildProcess>();
const closers = new Set<() => Promise<void>>();

function remember(child: ChildProcess): ChildProcess {
  living.add(child);
  child.once('exit', () => living.delete(child));
  // A channel to a killed process fails to write; who waits for its answer sees the exit.
  child.on('error', () => {});
  return child;
}

/** Starts a TypeScript module as a process with a channel; what it prints goes to the file. */
export function forkModule(
  module: URL,
  args: readonly string[],
  { log, env }: { readonly log: string; readonly env?: NodeJS.ProcessEnv },
): ChildProcess {
  const output = openSync(log, 'a');
  const options: ForkOptions = {
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc'],
    ...(env ? { env } : {}),
  };
  const child = remember(fork(compiler, [fileURLToPath(module), ...args], options));
  closeSync(output);
  return child;
}

export function spawnProgram(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return remember(spawn(program, args, options));
}

/** Resolves when the process is gone. Not `once`: a channel that closes first is an `error`, which would reject it. */
export const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.once('exit', () => resolve()));

/** Ends one process now and waits until it is gone. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = exitOf(child);
  child.kill(signal);
  // A stopped process acts on nothing but SIGKILL until it is continued.
  if (signal !== 'SIGKILL') child.kill('SIGCONT');
  await gone;
}

/** Remembers how to undo something outside of this process: a mount, a daemon. What is returned does it and forgets it. */
export function atEnd(undo: () => Promise<void>): () => Promise<void> {
  const undoOnce = async () => {
    if (!closers.delete(undoOnce)) return;
    await undo();
  };
  closers.add(undoOnce);
  return undoOnce;
}

/** Kills every process that is left, then undoes what is left to undo, last first. */
export async function endAll(): Promise<void> {
  await Promise.all([...living].map((child) => kill(child)));
  for (const close of [...closers].reverse()) await close().catch(() => {});
}

/** A signal for Ctrl-C and SIGTERM; whatever waits ends with its processes, and then this one with 130. */
export function interrupted(): AbortSignal {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      interruption.abort();
      endAll().finally(() => process.exit(130));
    });
  return interruption.signal;
}
