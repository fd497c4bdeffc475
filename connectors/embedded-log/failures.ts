// What can go wrong with the files of the embedded log, in the words and kinds of the error catalogue.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | null)?.code ?? '');

/** A directory or file that cannot be opened or made. */
export function unusable(path: string, cause: unknown): Error {
  const code = codeOf(cause);
  const bySystem = cause instanceof Error && 'syscall' in cause;
  if (!bySystem) return cause instanceof Error ? cause : new Error(String(cause));
  return new Misconfigured(`the embedded log cannot use ${path} (${code})`, {
    code: 'unwritable-directory',
    fix: 'name a directory that this user may write to and whose disk has room, or change its owner',
    cause,
  });
}

/** A write that did not happen; what was there before is untouched. */
export function unwritten(path: string, cause: unknown): Error {
  const code = codeOf(cause);
  return new Retryable(`could not append to ${path} (${code || cause}); nothing of it was kept`, {
    code: code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'append-failed',
    context: { path },
    cause,
  });
}

/** Bytes in the middle of a log that are not what was written. */
export function corrupt(file: string, position: number, cause?: unknown): Misconfigured {
  return new Misconfigured(`${file} is corrupt at byte ${position}: no valid batch begins there`, {
    code: 'corrupt-log',
    fix: `restore the file from a copy; or stop, move ${file} and its .index away, and lose the records in it`,
    cause,
  });
}

export function unknownTopic(topic: string, partition?: number): Misconfigured {
  const what = partition === undefined ? `topic ${topic}` : `partition ${partition} of topic ${topic}`;
  return new Misconfigured(`there is no ${what}`, {
    code: 'unknown-topic',
    fix: 'create it with createTopics, or correct the name',
  });
}

export const closed = (): Error => new Error('the embedded log is closed');
