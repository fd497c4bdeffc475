// The `millrace` command. A command that works on the open system is handed to the process that has it open, if one
// has; otherwise this process opens it.
import { forwardCommand } from '../connectors/occupancy/forwarding.ts';
import { Misconfigured } from '../schemas/errors.ts';
import { exitCodes, jsonLine } from './commands/command.ts';
import { type Configuration, loadConfiguration } from './configuration/configuration.ts';
import { processIo } from './process-io.ts';
import { execute, type Session, systemCommands } from './program.ts';
import { isEmbedded, openStack, type Stack } from './stack.ts';

async function main(argv: readonly string[]): Promise<number> {
  const io = processIo(argv);
  let loaded: Configuration | undefined;
  const configuration = () => {
    loaded ??= loadConfiguration();
    return loaded;
  };
  if (systemCommands.has(argv[0] ?? '') && !argv.includes('--help') && !argv.includes('-h')) {
    const forwarded = await tryForwarding(configuration, {
      ...io,
      argv: ['--working-directory', process.cwd(), ...argv],
    });
    if (forwarded !== null) return forwarded;
  }
  let opened: Promise<Stack> | undefined;
  const session: Session = {
    io,
    configuration,
    workingDirectory: process.cwd(),
    stack: () => {
      opened ??= openStack(configuration(), (forwardedIo, stack) =>
        execute({ ...session, io: forwardedIo, stack: async () => stack }),
      );
      return opened;
    },
  };
  const code = await execute(session);
  await (await opened?.catch(() => undefined))?.close();
  return code;
}

/** Null when no other process has the data directory open. */
async function tryForwarding(configuration: () => Configuration, io: Session['io']): Promise<number | null> {
  let loaded: Configuration;
  try {
    loaded = configuration();
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    return null;
  }
  return isEmbedded(loaded) ? forwardCommand(loaded.dataDirectory, io) : null;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(jsonLine({ error: { code: 'failed', message: String(error) } }));
    process.exit(exitCodes.failed);
  },
);
