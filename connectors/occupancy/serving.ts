// The owner’s end of the control socket: runs the command that a connection asks for.
import type { Socket } from 'node:net';
import type { CommandIo, Serve } from './command-io.ts';
import { type CommandRequest, type Frame, framesOf, type Hello, jsonOf, sendFrame } from './frames.ts';
import { remoteStdin } from './remote-stdin.ts';

const interrupted = (): Error =>
  Object.assign(new Error('The command was interrupted.'), { code: 'ABORT_ERR' });

/**
 * Says hello, reads one command, runs it, sends its output and exit code. Resolves when the connection is done with.
 * `ending` aborts the command, as a Ctrl-C on the other side and its going away do.
 */
export async function serveConnection(
  socket: Socket,
  serve: Serve,
  { hello, ending }: { readonly hello: Hello; readonly ending: AbortSignal },
): Promise<void> {
  const frames = framesOf(socket);
  try {
    await sendFrame(socket, 'hello', JSON.stringify(hello));
    const hangUp = (): void => void socket.destroy();
    ending.addEventListener('abort', hangUp);
    const first = await frames.next();
    ending.removeEventListener('abort', hangUp);
    if (first.done || first.value.type !== 'command' || hello.closing) return;
    await runCommand(socket, jsonOf<CommandRequest>(first.value), { frames, serve, ending });
  } catch {
    // Whoever knocked is gone, or spoke no frames: there is nobody to tell.
  } finally {
    socket.destroySoon();
  }
}

interface Conversation {
  readonly frames: AsyncGenerator<Frame>;
  readonly serve: Serve;
  readonly ending: AbortSignal;
}

async function runCommand(
  socket: Socket,
  request: CommandRequest,
  conversation: Conversation,
): Promise<void> {
  const { frames, serve, ending } = conversation;
  const abandoned = new AbortController();
  const input = remoteStdin((type) => sendFrame(socket, type));
  const io: CommandIo = {
    ...request,
    stdin: input.stdin,
    stdout: { write: (text) => sendFrame(socket, 'stdout', text) },
    stderr: { write: (text) => sendFrame(socket, 'stderr', text) },
    signal: AbortSignal.any([abandoned.signal, ending]),
  };
  const abort = (): void => {
    abandoned.abort();
    input.fail(interrupted());
  };
  void listenTo(frames, { push: input.push, abort }).finally(abort);
  const code = await serve(io).catch(async (error: unknown) => {
    await io.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  });
  await sendFrame(socket, 'exit', JSON.stringify({ code }));
}

/** Hands on what the other side sends, until it hangs up. (Leaving the loop earlier would destroy the socket.) */
async function listenTo(
  frames: AsyncGenerator<Frame>,
  { push, abort }: { readonly push: (piece: Buffer | null) => void; readonly abort: () => void },
): Promise<void> {
  try {
    for await (const frame of frames) {
      if (frame.type === 'stdin') push(frame.payload);
      else if (frame.type === 'stdinEnd') push(null);
      else if (frame.type === 'abort') abort();
    }
  } catch {
    // A broken connection is one that hung up.
  }
}
