// Where the loop is played: a system with every stream and job in this process, or (tests/real/loop.test.ts) processes
// around a Kafka. The player only publishes, reads, and gives commands as a person would.
import { join } from 'node:path';
import { type Configuration, loadConfiguration } from '../../streams/configuration/configuration.ts';
import { execute } from '../../streams/program.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { startSystem } from '../../streams/system.ts';
import { task } from './champion.ts';

export interface World {
  readonly stack: Stack;
  /** Runs a command of Millrace; throws with what it said when it fails. */
  command(argv: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What every participant is told: one task, retrained, windows of a minute of event time. */
export const settingsOf = (folder: string): Readonly<Record<string, string>> => ({
  MILLRACE_DATA_DIRECTORY: join(folder, 'data'),
  MILLRACE_MODELS_DIRECTORY: join(folder, 'models'),
  MILLRACE_COMMENT_TASKS: `language,${task}`,
  MILLRACE_PROMPT_TASKS: 'language',
  MILLRACE_LOG_LEVEL: 'error',
  MILLRACE_SINK_FLUSH_MS: '50',
  MILLRACE_SINK_FLUSH_BULK_MS: '50',
  MILLRACE_DRIFT_WINDOW_MS: '60000',
  MILLRACE_DRIFT_EVERY_MS: '1000',
  // A window is over when the stream has gone on, and not when a busy machine pauses in the middle of it.
  MILLRACE_DRIFT_LATENESS_MS: '30000',
  MILLRACE_MODELS_REFRESH_MS: '1000',
  MILLRACE_RETRAINING_TASKS: task,
  MILLRACE_RETRAINING_TRIGGERS: 'drift',
  MILLRACE_RETRAINING_EVERY_MS: '500',
  MILLRACE_RETRAINING_COOLDOWN_MS: '0',
  MILLRACE_EXPERIMENTS_EVERY_MS: '500',
  MILLRACE_EXPERIMENTS_SHADOW_LABELS_MIN: '300',
  MILLRACE_EXPERIMENTS_CANARY_MESSAGES_MIN: '200',
  // Nine processes on two cores are no measure of a candidate’s speed.
  MILLRACE_EXPERIMENTS_LATE_MS: '5000',
  // In the time of the play: some twenty periods.
  MILLRACE_EXPERIMENTS_LASTS_MS: '90000',
  MILLRACE_ALERTS_EVERY_MS: '1000',
  HTTP_REQUESTS: 'off',
  HTTP_PORT: '0',
});

/** Everything in this process. */
export async function openEmbeddedWorld(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<World> {
  const configuration = loadConfiguration({ env: { ...settingsOf(folder), ...env } });
  const stack = await openStack(configuration, async () => 1);
  const system = await startSystem(stack, { driftByClock: true });
  let stopped: unknown;
  system.done.catch((error: unknown) => {
    stopped = error;
  });
  return {
    stack,
    async command(argv) {
      if (stopped) throw stopped;
      await commandOn(stack, configuration, argv);
    },
    async close() {
      await system.close();
      await stack.close();
    },
  };
}

/** A command on a stack that is open already. */
export async function commandOn(
  stack: Stack,
  configuration: Configuration,
  argv: readonly string[],
): Promise<void> {
  let said = '';
  const output = {
    async write(text: string | Buffer) {
      said += String(text);
    },
  };
  const io = { argv, stdin: nothing(), stdout: output, stderr: output, signal: new AbortController().signal };
  const code = await execute({
    io,
    configuration: () => configuration,
    workingDirectory: process.cwd(),
    stack: async () => stack,
    handOver: async () => null,
  });
  if (code !== 0) throw new Error(`millrace ${argv.join(' ')} ended with ${code}: ${said}`);
}

async function* nothing(): AsyncGenerator<Buffer, void, void> {}
