// Standard input of a command that came through the socket: asked for piece by piece, so that a command that reads
// none takes none from the terminal, and one that reads slowly holds no more than one piece.
import type { FrameType } from './frames.ts';

export interface RemoteStdin {
  readonly stdin: AsyncIterable<Buffer>;
  /** A piece that arrived; null is the end. */
  push(piece: Buffer | null): void;
  /** The other side interrupts or is gone: reading fails, so that half an input is not taken for a whole one. */
  fail(error: Error): void;
}

export function remoteStdin(ask: (type: FrameType) => Promise<void>): RemoteStdin {
  const arrived: (Buffer | null)[] = [];
  let failure: Error | undefined;
  let wake: () => void = () => {};
  async function* pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      if (arrived.length === 0) await ask('stdinWanted');
      while (arrived.length === 0 && failure === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (failure) throw failure;
      const piece = arrived.shift();
      if (!piece) return;
      yield piece;
    }
  }
  return {
    stdin: { [Symbol.asyncIterator]: pieces },
    push: (piece) => {
      arrived.push(piece);
      wake();
    },
    fail: (error) => {
      failure ??= error;
      wake();
    },
  };
}
