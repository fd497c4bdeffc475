// The other end of the control socket: has a command run by the process that owns the data directory.
import type { Socket } from 'node:net';
import { Retryable } from '../../schemas/errors.ts';
import type { CommandIo } from './command-io.ts';
import { type Frame, jsonOf, sendFrame } from './frames.ts';
import { findOccupant, type Occupant } from './knock.ts';

/** Exit codes as shells give them to programs ended by SIGINT and SIGPIPE. */
const interruptedCode = 130;
const closedPipeCode = 141;

/** How long an aborted command may still clean up and write. */
const abortGraceMs = 5_000;

/**
 * Runs `io.argv` in the process that has the directory open, with this terminal. Resolves to its exit code: 130 when
 * it did not end in time after `io.signal`, 141 when our own output was closed; null when no process is there.
 * Throws `Retryable` when that process does not answer, shuts down, or ends before the command does.
 */
export async function forwardCommand(directory: string, io: CommandIo): Promise<number | null> {
  const occupant = await findOccupant(directory);
  if (occupant === null) return null;
  const { socket } = occupant;
  try {
    checkAnswer(directory, occupant);
    const code = await new Forwarding(occupant, io).run();
    if (code !== null) return code;
    throw new Retryable(`The process that uses ${directory} ended before the command did. Try again.`, {
      code: 'occupant-gone',
    });
  } finally {
    socket.destroy();
  }
}

function checkAnswer(directory: string, { hello }: Occupant): void {
  if (hello === null) {
    const message = `The process that uses ${directory} does not answer. Is it stopped? Look at it, or end it.`;
    throw new Retryable(message, { code: 'occupant-silent' });
  }
  if (hello.closing) {
    const message = `Process ${hello.pid}, which uses ${directory}, is shutting down. Try again in a moment.`;
    throw new Retryable(message, { code: 'occupant-closing' });
  }
}

/** One command on its way. */
class Forwarding {
  readonly #socket: Socket;
  readonly #frames: AsyncGenerator<Frame>;
  readonly #io: CommandIo;
  readonly #input: AsyncIterator<Buffer>;
  #inputSent: Promise<void> = Promise.resolve();
  #inputFailure: unknown;
  #grace: NodeJS.Timeout | undefined;

  constructor({ socket, frames }: Occupant, io: CommandIo) {
    this.#socket = socket;
    this.#frames = frames;
    this.#io = io;
    this.#input = io.stdin[Symbol.asyncIterator]();
  }

  /** The exit code; null when the connection ended without one. */
  async run(): Promise<number | null> {
    const { signal } = this.#io;
    const interrupt = (): void => this.#interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      const { argv, columns, isTTY, stdinIsUsed } = this.#io;
      await this.#send('command', JSON.stringify({ argv, columns, isTTY, stdinIsUsed }));
      if (signal.aborted) this.#interrupt();
      const code = await this.#follow();
      if (this.#inputFailure !== undefined) throw this.#inputFailure;
      return code ?? (signal.aborted ? interruptedCode : null);
    } finally {
      clearTimeout(this.#grace);
      signal.removeEventListener('abort', interrupt);
      // Not awaited: it waits behind a read that may never end.
      this.#input.return?.().catch(() => {});
    }
  }

  async #follow(): Promise<number | null> {
    for (;;) {
      const frame = await this.#frames.next().catch(() => ({ done: true }) as const);
      if (frame.done) return null;
      const { type, payload } = frame.value;
      if (type === 'exit') return jsonOf<{ code: number }>(frame.value).code;
      // One after the other: slices of two pieces must not mix.
      if (type === 'stdinWanted') this.#inputSent = this.#inputSent.then(() => this.#sendInput());
      else if ((type === 'stdout' || type === 'stderr') && !(await this.#show(type, payload)))
        return closedPipeCode;
    }
  }

  /** False when our reader is gone; hanging up then is what ends the command. */
  #show(type: 'stdout' | 'stderr', payload: Buffer): Promise<boolean> {
    return this.#io[type].write(payload).then(
      () => true,
      () => false,
    );
  }

  async #sendInput(): Promise<void> {
    try {
      const piece = await this.#input.next();
      await (piece.done ? this.#send('stdinEnd') : this.#send('stdin', piece.value));
    } catch (error) {
      if (this.#socket.destroyed) return;
      this.#inputFailure = error;
      this.#interrupt();
    }
  }

  #interrupt(): void {
    this.#send('abort').catch(() => {});
    this.#grace ??= setTimeout(() => this.#socket.destroy(), abortGraceMs);
  }

  #send(type: Frame['type'], payload?: string | Buffer): Promise<void> {
    return sendFrame(this.#socket, type, payload);
  }
}
