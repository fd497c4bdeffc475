// The command line as a program: parses one argv, runs its command, and turns whatever happens into an exit code.
import { Command, CommanderError } from 'commander';
import { QueryFailed } from '../connectors/clickhouse.ts';
import type { CommandIo } from '../connectors/occupancy/command-io.ts';
import { withoutSecrets } from '../connectors/secret-text.ts';
import { Misconfigured, Retryable } from '../schemas/errors.ts';
import { type Action, type CommandContext, type Define, exitCodes, jsonLine } from './commands/command.ts';
import type { Configuration } from './configuration/configuration.ts';
import { TooManyInvalid } from './loop/breaker.ts';

/** Every command, in the order of the help. */
const commands: Readonly<Record<string, () => Promise<Define>>> = {
  demo: async () => (await import('./commands/demo.ts')).demo,
  up: async () => (await import('./commands/up.ts')).up,
  publish: async () => (await import('./commands/publish.ts')).publish,
  tail: async () => (await import('./commands/tail.ts')).tail,
  predict: async () => (await import('./commands/predict.ts')).predict,
  score: async () => (await import('./commands/score.ts')).score,
  sql: async () => (await import('./commands/sql.ts')).sql,
  topics: async () => (await import('./commands/topics.ts')).topics,
  lag: async () => (await import('./commands/topics.ts')).lag,
  dlq: async () => (await import('./commands/dlq.ts')).dlq,
  replay: async () => (await import('./commands/replay.ts')).replay,
  diff: async () => (await import('./commands/diff.ts')).diff,
  drift: async () => (await import('./commands/drift.ts')).drift,
  label: async () => (await import('./commands/label.ts')).label,
  alerts: async () => (await import('./commands/alerts.ts')).alerts,
  retrain: async () => (await import('./commands/retrain.ts')).retrain,
  trainer: async () => (await import('./commands/trainer.ts')).trainer,
  experiment: async () => (await import('./commands/experiment.ts')).experiment,
  freeze: async () => (await import('./commands/freeze.ts')).freeze,
  train: async () => (await import('./commands/train.ts')).train,
  tune: async () => (await import('./commands/tune.ts')).tune,
  evaluate: async () => (await import('./commands/evaluate.ts')).evaluate,
  models: async () => (await import('./commands/models.ts')).models,
  runs: async () => (await import('./commands/runs.ts')).runs,
  data: async () => (await import('./commands/data.ts')).data,
  keys: async () => (await import('./commands/keys.ts')).keys,
  config: async () => (await import('./commands/config.ts')).config,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};

/** Only the command that is asked for is loaded, which saves seconds; for the help, and for a word that is none, all. */
function asked(argv: readonly string[]): readonly (() => Promise<Define>)[] {
  const name = argv.find((word) => !word.startsWith('-'));
  const one = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  return one ? [one] : Object.values(commands);
}

export interface Session extends Pick<CommandContext, 'io' | 'stack' | 'handOver' | 'workingDirectory'> {
  readonly configuration: () => Configuration;
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
  const written: Promise<void>[] = [];
  const program = newProgram(io, written);
  const context: CommandContext = {
    ...session,
    get configuration() {
      return session.configuration();
    },
  };
  try {
    for (const load of asked(io.argv)) (await load())(program, context, action);
    await program.parseAsync([...io.argv], { from: 'user' });
    await Promise.all(written);
  } catch (error) {
    code = await explain(error, io);
  }
  return code;
}

/** A program without commands; `written` gets what it writes by itself: help, and what is wrong with the arguments. */
function newProgram(io: CommandIo, written: Promise<void>[]): Command {
  const program = new Command('millrace')
    .description('Streaming real-time text inference: topics in, scored rows in ClickHouse out')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void written.push(io.stdout.write(text)),
      writeErr: (text) => void written.push(io.stderr.write(text)),
      outputError: (text, write) =>
        write(isJson(io) ? usageJson(text) : text.replace(/^error: /, 'millrace: ')),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
    })
    .addHelpText('after', helpAfter);
  return isJson(io) ? program : program.showHelpAfterError('(add --help for examples)');
}

const isJson = ({ argv }: CommandIo): boolean => argv.includes('--json');

const usageJson = (text: string): string =>
  jsonLine({
    error: { code: 'bad-argument', message: text.replace(/^error: /, '').trim(), fix: 'See --help.' },
  });

const helpAfter = `
Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 done but some input was rejected,
4 something that is needed does not answer, 5 stopped because too many messages were invalid,
130 ended by Ctrl-C, 141 ended by its closed output.

Examples:
  millrace demo --once
  millrace up
  echo '{"text":"what a lovely day"}' | millrace publish comments
  millrace sql "SELECT language, count() FROM scores GROUP BY 1 ORDER BY 2 DESC"`;

/** Says what happened and what to do; resolves to the exit code. */
export async function explain(error: unknown, io: CommandIo): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
  if (io.signal.aborted) return exitCodes.interrupted;
  const { code, message: said, fix, exit } = describe(error);
  const message = withoutSecrets(said);
  // The reader went away, and was not noticed before now.
  if (code === 'EPIPE') return exitCodes.closedPipe;
  const text = isJson(io)
    ? jsonLine({ error: { code, message, ...(fix ? { fix } : {}) } })
    : `millrace: ${message}\n${fix ? `${fix}\n` : ''}`;
  await io.stderr.write(text).catch(() => {});
  return exit;
}

function describe(error: unknown): { code: string; message: string; fix?: string; exit: number } {
  if (error instanceof Misconfigured) return { ...pick(error), fix: error.fix, exit: exitCodes.misused };
  if (error instanceof QueryFailed) return describeQuery(error);
  if (error instanceof TooManyInvalid) return { ...pick(error), exit: exitCodes.tooManyInvalid };
  if (error instanceof Retryable) return { ...pick(error), ...fixOf(error), exit: exitCodes.unavailable };
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

/** ClickHouse’s words without what it repeats and without every token that could have stood there. */
function describeQuery({ code, message }: QueryFailed) {
  const shown = message
    .replace(/^(Code: \d+\. DB::Exception: )+/, '')
    .replace(/Expected one of: .{200,}(?= \([A-Z_]+\)$)/, 'Something else was expected.');
  const fix = 'Tables: millrace sql "SHOW TABLES"; columns: millrace sql "DESCRIBE scores".';
  return { code: `clickhouse-${code}`, message: shown, fix, exit: exitCodes.misused };
}

/** What the owner of a data directory answers says itself what to do. */
const fixOf = ({ code }: Retryable): { readonly fix?: string } =>
  /^(occupant|directory)-/.test(code)
    ? {}
    : { fix: 'Is it running, and is the address right? `millrace doctor` looks.' };
