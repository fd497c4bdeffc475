// Ctrl-C for work that knows nothing of it: the command ends, the work is left to the end of the process.
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';

/** What `work` resolves to; rejects with the signal’s reason as soon as it is aborted. */
export async function unlessInterrupted<T>(
  { signal }: Pick<CommandIo, 'signal'>,
  work: Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
