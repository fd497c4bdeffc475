// This process's own terminal as a command's input and output; Ctrl-C and a closed pipe abort it.
import { type CommandIo, outputTo } from '../connectors/occupancy/command-io.ts';

const interruptedCode = 130;

export function processIo(argv: readonly string[]): CommandIo {
  const interruption = new AbortController();
  let interrupts = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interrupts += 1;
      // Who asks twice does not want to wait for the drain.
      if (interrupts > 1) process.exit(interruptedCode);
      interruption.abort();
    });
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interruption.abort());
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
