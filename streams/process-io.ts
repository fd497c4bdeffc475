// This process's own terminal as a command's input and output; Ctrl-C and a closed pipe abort it.
import { type CommandIo, outputTo } from '../connectors/occupancy/command-io.ts';
import { exitCodes } from './commands/command.ts';

/** Why a command is aborted when its output cannot be written; any other reason is a Ctrl-C. */
class OutputFailed extends Error {
  override readonly name = 'OutputFailed';
  readonly isClosed: boolean;
  constructor(cause: NodeJS.ErrnoException) {
    super(`the output cannot be written: ${cause.message}`, { cause });
    this.isClosed = cause.code === 'EPIPE';
  }
}

/** The exit code of a command that ended with `code`: who closed its output did not press Ctrl-C. */
export function exitCodeOf(code: number, { signal }: CommandIo): number {
  if (!(signal.reason instanceof OutputFailed)) return code;
  if (signal.reason.isClosed) return code === exitCodes.interrupted ? exitCodes.closedPipe : code;
  process.stderr.write(`millrace: ${signal.reason.message}\n`);
  return exitCodes.failed;
}

export function processIo(argv: readonly string[]): CommandIo {
  const interruption = new AbortController();
  let interrupts = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interrupts += 1;
      // Who asks twice does not want to wait for the drain.
      if (interrupts > 1) process.exit(exitCodes.interrupted);
      interruption.abort();
    });
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => interruption.abort(new OutputFailed(error)));
  return {
    argv,
    stdin: process.stdin,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    signal: interruption.signal,
    isTTY: process.stdout.isTTY === true,
    stdinIsUsed: process.stdin.isTTY !== true,
    ...(process.stdout.isTTY && process.stdout.columns ? { columns: process.stdout.columns } : {}),
  };
}
