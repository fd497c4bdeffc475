// Trains in a process of its own, so that what serves goes on serving, whatever becomes of it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { Judgement, Progress, TrialFolder } from '../../trainers/retraining/trial-folder.ts';
import type { FitRefusal } from './fit-process.ts';

export interface FittingOptions {
  /** Directory where runs are noted. */
  readonly runs: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Omit<Progress, 'at'>) => void;
}

const entry = fileURLToPath(new URL('./fit-entry.mjs', import.meta.url));
/** A process that was asked to end and does not is killed after so long, in milliseconds. */
const endMs = 3_000;
/** What is kept of what it wrote last, in characters. */
const tailLength = 2_000;

/**
 * Resolves to the judgement when the process is through. Throws the signal’s reason when aborted, `Misconfigured` for
 * what a person has to change, and `Retryable` (`fit-died`) when the process ended otherwise: all that was done before
 * is in the folder.
 */
export async function fitApart(folder: TrialFolder, options: FittingOptions): Promise<Judgement> {
  const { runs, signal, onProgress } = options;
  signal.throwIfAborted();
  const child = fork(entry, [folder.path, runs], {
    // The parent’s own flags would be resolved from the directory the process was started in.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let tail = '';
  let refusal: FitRefusal | null = null;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-tailLength);
  });
  child.on('message', (message: { readonly refusal?: FitRefusal } & Omit<Progress, 'at'>) => {
    if (message.refusal) refusal = message.refusal;
    else onProgress(message);
  });
  const end = endedBy(child, signal);
  const code = await end;
  signal.throwIfAborted();
  if (refusal !== null) {
    const { message, ...rest } = refusal as FitRefusal;
    throw new Misconfigured(message, rest);
  }
  const judgement = await folder.judgement();
  if (code === 0 && judgement !== null) return judgement;
  throw new Retryable(`the training process ended with ${code}: ${tail.trim() || 'it said nothing'}`, {
    code: 'fit-died',
  });
}

/** Resolves to the exit code, or the signal that ended it, once it has ended and all it wrote is read. */
async function endedBy(child: ChildProcess, signal: AbortSignal): Promise<number | string | null> {
  let patience: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    patience = setTimeout(() => child.kill('SIGKILL'), endMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? killedBy;
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(patience);
  }
}
