// A background process with a process-id file, a log file and a way to tell that it is ready.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured } from '../../schemas/errors.ts';

export interface Daemon {
  readonly name: string;
  /** Folder of its process-id file, its log and its data. */
  readonly data: string;
  readonly ports: readonly number[];
  readonly command: readonly string[];
  /** Ready when this address answers: a TCP connection, or 200 on `path` where one is given. */
  readonly ready: { readonly host: string; readonly port: number; readonly path?: string };
}

const readyMs = 60_000;
const stopMs = 30_000;
const pollMs = 100;
const portMs = 5_000;

// Node closes only the low descriptors it inherited; a lock or a pipe of the caller would stay held by the JVM.
const closeInherited =
  'for n in $(ls /proc/$$/fd 2>/dev/null); do [[ $n -gt 2 && $n -ne 255 ]] && eval "exec $n>&-"; done; exec "$@"';

const pidFile = ({ data, name }: Pick<Daemon, 'data' | 'name'>): string => join(data, `${name}.pid`);
const logFile = ({ data, name }: Pick<Daemon, 'data' | 'name'>): string => join(data, `${name}.log`);

/** Process id of the running daemon, or null. A file left behind by a killed one does not count. */
export function runningPid(daemon: Pick<Daemon, 'data' | 'name'>): number | null {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile(daemon), 'utf8'));
  } catch {
    return null;
  }
  return isJava(pid) ? pid : null;
}

/**
 * Starts the daemon in a session of its own and waits until it is ready; returns its process id. One that runs
 * already is left as it is. Throws `Misconfigured` when a port is taken or the process ends before it is ready.
 */
export async function startDaemon(daemon: Daemon): Promise<number> {
  const running = runningPid(daemon);
  if (running) {
    await waitUntilReady(daemon, () => !isJava(running));
    return running;
  }
  for (const port of daemon.ports) await checkPortFree(daemon, port);
  const [program = '', ...args] = daemon.command;
  const log = openSync(logFile(daemon), 'w');
  const child = spawn('bash', ['-c', closeInherited, program, program, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  child.on('error', () => undefined);
  if (child.pid === undefined) throw died(daemon);
  writeFileSync(pidFile(daemon), String(child.pid));
  // Not told by its command line, which is empty for a moment while the shell becomes the JVM.
  await waitUntilReady(daemon, () => child.exitCode !== null || child.signalCode !== null);
  return child.pid;
}

/** Asks the daemon to stop and waits for it; kills it when it does not. False when it was not running. */
export async function stopDaemon(daemon: Pick<Daemon, 'data' | 'name'>): Promise<boolean> {
  const pid = runningPid(daemon);
  if (pid !== null) {
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; isJava(pid); waited += pollMs) {
      if (waited === stopMs) process.kill(pid, 'SIGKILL');
      await sleep(pollMs);
    }
  }
  rmSync(pidFile(daemon), { force: true });
  return pid !== null;
}

/** Settles when the process is gone. */
export async function waitForExit(pid: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isJava(pid)) await sleep(500, undefined, { signal }).catch(() => undefined);
}

/** The error for a daemon that ended by itself, with its last log lines. */
export function died(daemon: Daemon): Misconfigured {
  const lines = readFileSync(logFile(daemon), 'utf8').trimEnd().split('\n').slice(-15);
  return new Misconfigured(`The ${daemon.name} ended by itself. Its last lines:\n${lines.join('\n')}`, {
    code: `${daemon.name}-died`,
    fix: `See ${logFile(daemon)}; if its data is beyond repair, choose another folder with --data.`,
  });
}

async function waitUntilReady(daemon: Daemon, ended: () => boolean): Promise<void> {
  for (let waited = 0; waited < readyMs; waited += pollMs) {
    if (ended()) throw died(daemon);
    if (await answers(daemon.ready)) return;
    await sleep(pollMs);
  }
  throw new Misconfigured(`The ${daemon.name} was not ready after ${readyMs / 1000} s.`, {
    code: `${daemon.name}-not-ready`,
    fix: `See ${logFile(daemon)}.`,
  });
}

async function answers({ host, port, path }: Daemon['ready']): Promise<boolean> {
  if (path) {
    const response = await fetch(`http://${host}:${port}${path}`).catch(() => null);
    await response?.body?.cancel();
    return response?.ok ?? false;
  }
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port }, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** A process that was killed a moment ago may be gone from the list and still hold its port for a little. */
async function checkPortFree(daemon: Daemon, port: number): Promise<void> {
  for (let waited = 0; ; waited += pollMs) {
    const cause = await listeningTrouble(port);
    if (cause === null) return;
    if (waited < portMs) {
      await sleep(pollMs);
      continue;
    }
    const message = `The ${daemon.name} cannot have port ${port}: ${cause.message}.`;
    const fix =
      'Stop what listens there, or choose another with --port (the broker takes it and the next one).';
    throw new Misconfigured(message, { code: 'port-in-use', fix, cause });
  }
}

function listeningTrouble(port: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(null)));
  });
}

// A process id is reused after a reboot: only a Java process counts as ours. One that has ended but was not yet
// waited for has no command line any more.
function isJava(pid: number): boolean {
  if (existsSync('/proc/self/cmdline')) {
    const file = `/proc/${pid}/cmdline`;
    return existsSync(file) && readFileSync(file, 'utf8').includes('java');
  }
  const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return (stdout ?? '').includes('java');
}
