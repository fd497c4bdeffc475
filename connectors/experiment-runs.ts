// Runs of the experiment log as they are read again: what each began with, how far it came, how it ended.
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Misconfigured } from '../schemas/errors.ts';
import type { RunLine, RunMetrics, RunOutcome, RunStart, RunStatus } from './experiment-log.ts';

/** A run as its file tells it. */
export interface LoggedRun extends RunStart, Pick<RunOutcome, 'figures' | 'release' | 'error'> {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** `running` as long as its process lives; `lost` when that died without a word, or ran on another machine. */
  readonly status: RunStatus | 'running' | 'lost';
  /** Length of an ended run. */
  readonly seconds: number | null;
  readonly epochs: readonly { readonly step: number; readonly metrics: RunMetrics }[];
}

/** Every run in a directory, the latest first; none where there is no directory yet. */
export async function listRuns(directory: string): Promise<readonly LoggedRun[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw unreadable(directory, error);
  });
  const files = names.filter((name) => name.endsWith('.jsonl')).sort();
  const runs = await Promise.all(files.map((name) => readRun(join(directory, name))));
  return runs.filter((run) => run !== null).reverse();
}

/** A run by its id or the beginning of one. Throws `Misconfigured` where none or several are meant. */
export async function findRun(directory: string, id: string): Promise<LoggedRun> {
  const runs = await listRuns(directory);
  const [found, ...others] = runs.filter((run) => run.id.startsWith(id) || run.id.endsWith(`-${id}`));
  if (found !== undefined && others.length === 0) return found;
  throw new Misconfigured(
    found === undefined
      ? `there is no run “${id}” in ${directory}`
      : `“${id}” means ${others.length + 1} runs`,
    { code: 'unknown-run', fix: 'See “millrace runs list”, and give enough of its id.' },
  );
}

/** Null for a file that does not begin as a run does. */
async function readRun(path: string): Promise<LoggedRun | null> {
  const lines = await readFile(path, 'utf8').then(linesOf, (error) => {
    throw unreadable(path, error);
  });
  const [start] = lines;
  if (start?.event !== 'start') return null;
  const { event, at, host, pid, ...begun } = start;
  const end = lines.findLast((line) => line.event === 'end');
  return {
    ...begun,
    started: at,
    status: end?.status ?? (host === hostname() && isAlive(pid) ? 'running' : 'lost'),
    seconds: end?.seconds ?? null,
    epochs: lines.flatMap((line) =>
      line.event === 'epoch' ? [{ step: line.step, metrics: line.metrics }] : [],
    ),
    figures: end?.figures,
    release: end?.release,
    error: end?.error,
  };
}

/** A process that is killed may leave half a line. */
function linesOf(text: string): RunLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as RunLine];
    } catch {
      return [];
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const unreadable = (path: string, error: NodeJS.ErrnoException): Misconfigured =>
  new Misconfigured(`${path} cannot be read: ${error.message}`, {
    code: 'runs-unreadable',
    fix: 'Check MILLRACE_DATA_DIRECTORY and who may read it.',
    cause: error,
  });
