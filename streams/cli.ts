// The `millrace` command. What works on the open system is handed to the process that has it open, if one has;
// otherwise this process opens it.
import { forwardCommand } from '../connectors/occupancy/forwarding.ts';
import { Retryable } from '../schemas/errors.ts';
import { type CommandContext, exitCodes } from './commands/command.ts';
import { type Configuration, loadConfiguration } from './configuration/configuration.ts';
import { exitCodeOf, processIo } from './process-io.ts';
import { execute, explain, type Session } from './program.ts';
import { isEmbedded, openStack, type Stack } from './stack.ts';

const io = processIo(process.argv.slice(2));
let loaded: Configuration | undefined;
let opened: Promise<Stack> | undefined;

const configuration = (): Configuration => {
  loaded ??= loadConfiguration();
  return loaded;
};

const session: Session = {
  io,
  configuration,
  workingDirectory: process.cwd(),
  handOver,
  stack: () => {
    opened ??= openStack(configuration(), (forwardedIo, stack) =>
      execute({ ...session, io: forwardedIo, stack: async () => stack, handOver: async () => null }),
    );
    return opened;
  },
};

async function handOver(...[argv, stdin = io.stdin]: Parameters<CommandContext['handOver']>) {
  const { dataDirectory } = configuration();
  if (!isEmbedded(configuration())) return null;
  const code = await forwardCommand(dataDirectory, { ...io, argv, stdin });
  if (code !== exitCodes.interrupted || io.signal.aborted) return code;
  throw new Retryable(
    `The process that uses ${dataDirectory} stopped before the command was done. Try again.`,
    {
      code: 'occupant-closing',
    },
  );
}

async function main(): Promise<number> {
  const code = await execute(session);
  try {
    await (await opened?.catch(() => undefined))?.close();
    return code;
  } catch (error) {
    return explain(error, io);
  }
}

process.exit(exitCodeOf(await main(), io));
