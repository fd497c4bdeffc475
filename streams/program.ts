// The command line as a program: parses one argv, runs its command, and turns whatever happens into an exit code.
import { Command, CommanderError, Option } from 'commander';
import { QueryFailed } from '../connectors/clickhouse.ts';
import type { CommandIo } from '../connectors/occupancy/command-io.ts';
import { Misconfigured, Retryable } from '../schemas/errors.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './commands/command.ts';
import { config } from './commands/config.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { models } from './commands/models.ts';
import { predict } from './commands/predict.ts';
import { publish } from './commands/publish.ts';
import { sql } from './commands/sql.ts';
import { tail } from './commands/tail.ts';
import { lag, topics } from './commands/topics.ts';
import { train } from './commands/train.ts';
import { up } from './commands/up.ts';
import type { Configuration } from './configuration/configuration.ts';
import type { Stack } from './stack.ts';

const commands = [demo, up, publish, tail, predict, sql, topics, lag, train, models, config, doctor];

/** Commands that work on the open system: a process that has it open already runs them for others. */
export const systemCommands: ReadonlySet<string> = new Set(['publish', 'tail', 'sql', 'topics', 'lag']);

export interface Session {
  readonly io: CommandIo;
  readonly configuration: () => Configuration;
  readonly stack: () => Promise<Stack>;
  readonly workingDirectory: string;
}

/** Runs one command to its exit code; never throws. */
export async function execute(session: Session): Promise<number> {
  const { io } = session;
  let code: number = exitCodes.done;
  const action: Action =
    (body) =>
    async (...args) => {
      code = await body(...args);
    };
  const program = new Command('millrace');
  const written: Promise<void>[] = [];
  program
    .description('Streaming real-time text inference: topics in, scored rows in ClickHouse out')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void written.push(io.stdout.write(text)),
      writeErr: (text) => void written.push(io.stderr.write(text)),
      getOutHelpWidth: () => io.columns ?? 100,
    })
    .addOption(new Option('--working-directory <directory>').hideHelp())
    .addHelpText('after', helpAfter)
    .showHelpAfterError('(add --help for examples)');
  const context: CommandContext = {
    io,
    get configuration() {
      return session.configuration();
    },
    stack: session.stack,
    get workingDirectory() {
      return program.opts<{ workingDirectory?: string }>().workingDirectory ?? session.workingDirectory;
    },
  };
  for (const define of commands) define(program, context, action);
  try {
    await program.parseAsync([...io.argv], { from: 'user' });
  } catch (error) {
    code = await explain(error, io);
  }
  await Promise.all(written);
  return code;
}

const helpAfter = `
Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 done but some input was rejected,
4 something that is needed does not answer, 130 ended by Ctrl-C.

Examples:
  millrace demo --once
  millrace up
  echo '{"text":"what a lovely day"}' | millrace publish comments
  millrace sql "SELECT language, count() FROM scores GROUP BY 1 ORDER BY 2 DESC"`;

/** Says what happened and what to do; resolves to the exit code. */
async function explain(error: unknown, io: CommandIo): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
  if (io.signal.aborted) return exitCodes.interrupted;
  const { code, message, fix, exit } = describe(error);
  const text = io.argv.includes('--json')
    ? jsonLine({ error: { code, message, ...(fix ? { fix } : {}) } })
    : `millrace: ${message}\n${fix ? `${fix}\n` : ''}`;
  await io.stderr.write(text);
  return exit;
}

function describe(error: unknown): { code: string; message: string; fix?: string; exit: number } {
  if (error instanceof Misconfigured) return { ...pick(error), fix: error.fix, exit: exitCodes.misused };
  if (error instanceof QueryFailed)
    return { code: `clickhouse-${error.code}`, message: error.message, exit: exitCodes.misused };
  if (error instanceof Retryable)
    return {
      ...pick(error),
      fix: 'Is it running, and is the address right? `millrace doctor` looks.',
      exit: exitCodes.unavailable,
    };
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
    return {
      code,
      message: code === 'failed' ? (error.stack ?? error.message) : error.message,
      exit: exitCodes.failed,
    };
  }
  return { code: 'failed', message: String(error), exit: exitCodes.failed };
}

const pick = ({ code, message }: { readonly code: string; readonly message: string }) => ({ code, message });
