// A command’s terminal, wherever it is: this process’s own, or that of another process at the other end of a socket.
import type { Writable } from 'node:stream';

export interface CommandOutput {
  /** Resolves when more may be written. Rejects when the reader is gone. */
  write(text: string | Buffer): Promise<void>;
}

export interface CommandIo {
  readonly argv: readonly string[];
  readonly stdin: AsyncIterable<Buffer>;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  /** Aborted by Ctrl-C, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** Width of the terminal in characters, where there is one. */
  readonly columns?: number;
  /** True when standard output is a terminal. */
  readonly isTTY?: boolean;
  /** True when standard input is a file or a pipe, not a terminal. */
  readonly stdinIsUsed?: boolean;
}

/** Runs one command; resolves to its exit code. */
export type Serve = (io: CommandIo) => Promise<number>;

const closedOutput = (): Error =>
  Object.assign(new Error('The reader of the output is gone.'), { code: 'EPIPE' });

/** A stream as a command’s output: waits while the stream is full, rejects when it is closed. */
export function outputTo(stream: Writable): CommandOutput {
  return {
    async write(text) {
      if (stream.destroyed) throw closedOutput();
      if (!stream.write(text)) await drained(stream);
    },
  };
}

// One wait per stream, however many writes are pending: each would add listeners of its own.
const waits = new WeakMap<Writable, Promise<void>>();

function drained(stream: Writable): Promise<void> {
  const pending = waits.get(stream);
  if (pending) return pending;
  const wait = new Promise<void>((resolve, reject) => {
    const settle = (done: () => void) => () => {
      stream.off('drain', drain).off('close', close);
      waits.delete(stream);
      done();
    };
    const drain = settle(resolve);
    const close = settle(() => reject(closedOutput()));
    stream.on('drain', drain).on('close', close);
  });
  waits.set(stream, wait);
  return wait;
}
