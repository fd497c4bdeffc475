// Commands and the process that has the data directory open: it runs them for others, and does not leave them half done.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandIo, Serve } from '../connectors/occupancy/command-io.ts';
import { forwardCommand } from '../connectors/occupancy/forwarding.ts';
import { Retryable } from '../schemas/errors.ts';
import { exitCodes } from './commands/command.ts';

const attemptsMax = 100;
const pauseMs = 50;
/** A process that ends so soon after it was asked was ending already. */
const patienceMs = 1_000;

/**
 * Has `io.argv` run by the process that has the directory open; resolves to its exit code, or to null when there is no
 * such process. One that ends before it has done anything of the command is asked again, or whoever follows it.
 * Throws `Retryable` when the process ends in the middle of the command, or does not answer.
 */
export async function handOverCommand(directory: string, io: CommandIo): Promise<number | null> {
  for (let attempt = 1; ; attempt += 1) {
    // A statement may have been done although nothing of it was seen.
    const begun = { maybe: io.argv[0] === 'sql' };
    const asked = performance.now();
    try {
      const code = await forwardCommand(directory, watched(io, begun));
      if (code !== exitCodes.interrupted || io.signal.aborted) return code;
    } catch (error) {
      if (isRefusal(error)) begun.maybe = false;
      else if (!isHangUp(error)) throw error;
      // One that has waited does not take the directory from a system that is about to be started again.
      else if (performance.now() - asked > patienceMs) begun.maybe = true;
    }
    if (begun.maybe || attempt === attemptsMax) throw stopped(directory);
    await sleep(pauseMs);
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null);

/** It is ending and takes no more commands. */
const isRefusal = (error: unknown): boolean => codeOf(error) === 'occupant-closing';

/** It ended, which shows when it is listened to and when it is sent input. */
const isHangUp = (error: unknown): boolean => codeOf(error) === 'occupant-gone' || codeOf(error) === 'EPIPE';

const stopped = (directory: string): Retryable =>
  new Retryable(`The process that uses ${directory} stopped before the command was done. Try again.`, {
    code: 'occupant-stopped',
  });

/** The same terminal, noting whether anything was read from it or written to it: then the command has begun. */
function watched(io: CommandIo, begun: { maybe: boolean }): CommandIo {
  const noting = (output: CommandIo['stdout']): CommandIo['stdout'] => ({
    write(text) {
      begun.maybe = true;
      return output.write(text);
    },
  });
  async function* stdin(): AsyncGenerator<Buffer> {
    begun.maybe = true;
    yield* io.stdin;
  }
  return {
    ...io,
    stdin: { [Symbol.asyncIterator]: stdin },
    stdout: noting(io.stdout),
    stderr: noting(io.stderr),
  };
}

const noticeMs = 1_000;
const waiting = 'Done; commands of other terminals still run in this process. Ctrl-C ends them.\n';

/** The commands of other processes that run here. */
export class Guests {
  readonly #finite = new Set<Promise<number>>();

  /** Runs a guest's command and notes it; one that only follows a topic is not waited for. */
  run(io: CommandIo, serve: Serve): Promise<number> {
    const running = serve(io);
    if (io.argv[0] === 'tail') return running;
    this.#finite.add(running);
    const forget = () => void this.#finite.delete(running);
    running.then(forget, forget);
    return running;
  }

  /** Resolves when the guests have ended, or when `signal` is aborted; a person who waits for them is told. */
  async leave({ signal, stderr }: Pick<CommandIo, 'signal' | 'stderr'>): Promise<void> {
    if (this.#finite.size === 0) return;
    const notice = setTimeout(() => void stderr.write(waiting).catch(() => {}), noticeMs);
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (this.#finite.size > 0 && !signal.aborted)
      await Promise.race([aborted, Promise.allSettled(this.#finite)]);
    clearTimeout(notice);
  }
}
