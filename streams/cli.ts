// The `millrace` command. What works on the open system is handed to the process that has it open, if one has;
// otherwise this process opens it.
import { type CommandContext, exitCodes } from './commands/command.ts';
import { type Configuration, isEmbedded, loadConfiguration } from './configuration/configuration.ts';
import { Guests, handOverCommand } from './hand-over.ts';
import { exitCodeOf, processIo } from './process-io.ts';
import { execute, explain, type Session } from './program.ts';
import type { Stack } from './stack.ts';

const io = processIo(process.argv.slice(2));
const guests = new Guests();
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
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  },
};

/** Its code is loaded only by commands that open it. */
async function open(): Promise<Stack> {
  const { openStack } = await import('./stack.ts');
  return openStack(configuration(), (guestIo, stack) =>
    guests.run(guestIo, (guest) =>
      execute({ ...session, io: guest, stack: async () => stack, handOver: async () => null }),
    ),
  );
}

async function handOver(...[argv, stdin = io.stdin]: Parameters<CommandContext['handOver']>) {
  if (!isEmbedded(configuration())) return null;
  return handOverCommand(configuration().dataDirectory, { ...io, argv, stdin });
}

async function main(): Promise<number> {
  const code = await execute(session);
  if (code !== exitCodes.failed) await guests.leave(io);
  try {
    await (await opened)?.close();
    return code;
  } catch (error) {
    return explain(error, io);
  }
}

process.exit(exitCodeOf(await main(), io));
