// What every command gets: its terminal, the configuration, and the open system when it asks for it.
import type { Command } from 'commander';
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Topic } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Stack } from '../stack.ts';

export interface CommandContext {
  readonly io: CommandIo;
  readonly configuration: Configuration;
  /** The open system: this process’s own, opened at the first call and closed when the command ends. */
  readonly stack: () => Promise<Stack>;
  /**
   * Has a command run by the process that has the data directory open; resolves to its exit code, or to null when
   * there is no such process and this one is to do it. Without `stdin` the command gets that of this process.
   */
  readonly handOver: (argv: readonly string[], stdin?: AsyncIterable<Buffer>) => Promise<number | null>;
  /** Directory that file arguments are relative to. */
  readonly workingDirectory: string;
}

/** Exit codes that scripts can rely on. */
export const exitCodes = {
  done: 0,
  /** Something failed that nobody foresaw: a bug, or a stream that stopped. */
  failed: 1,
  /** Wrong use: arguments, configuration, a missing file. Nothing was done. */
  misused: 2,
  /** Done, but some of the input was rejected; what and why is on standard error. */
  partly: 3,
  /** The world is unwell: an address that does not answer. Try again later. */
  unavailable: 4,
  /** A stream was stopped because too many of its messages are invalid: a person has to look before it goes on. */
  tooManyInvalid: 5,
  /** Ended by Ctrl-C. */
  interrupted: 130,
  /** Ended because nobody reads its output any more, as in `| head -1`. */
  closedPipe: 141,
} as const;

/** Adds a command to the program; what its action resolves to is the exit code. */
export type Define = (program: Command, context: CommandContext, action: Action) => void;

/** Wraps an action so that its exit code reaches the process. */
export type Action = <Args extends readonly unknown[]>(
  body: (...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

/** Times that the data directory may be taken by another process between asking for it and opening it. */
const takenMax = 5;

/**
 * Runs a command where the system is open: in the process that has it open already, which gets `argv` and `stdin`,
 * else here. The body opens it before it does anything else, because it is begun anew when another process was faster.
 */
export async function whereOpen(
  { handOver }: Pick<CommandContext, 'handOver'>,
  { argv, stdin }: Pick<CommandIo, 'argv'> & Partial<Pick<CommandIo, 'stdin'>>,
  body: () => Promise<number>,
): Promise<number> {
  for (let taken = 0; ; taken += 1) {
    const code = await handOver(argv, stdin);
    if (code !== null) return code;
    try {
      return await body();
    } catch (error) {
      const isTaken = error instanceof Misconfigured && error.code === 'directory-occupied';
      if (!isTaken || taken === takenMax) throw error;
    }
  }
}

/** A declared topic. Throws `Misconfigured` when there is none of that name. */
export function topicNamed(name: string): Topic {
  const topic = topics.find((known) => known.name === name);
  if (topic) return topic;
  throw new Misconfigured(`there is no topic "${name}"`, {
    code: 'unknown-topic',
    fix: `Topics are ${topics.map((known) => known.name).join(', ')}.`,
  });
}

/** One JSON value on a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
