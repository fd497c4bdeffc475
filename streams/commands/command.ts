// What every command gets: its terminal, the configuration, and the open system when it asks for it.
import type { Command } from 'commander';
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Stack } from '../stack.ts';

export interface CommandContext {
  readonly io: CommandIo;
  readonly configuration: Configuration;
  /** The open system: this process’s own, opened at the first call and closed when the command ends. */
  readonly stack: () => Promise<Stack>;
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
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** Adds a command to the program; what its action resolves to is the exit code. */
export type Define = (program: Command, context: CommandContext, action: Action) => void;

/** Wraps an action so that its exit code reaches the process. */
export type Action = <Args extends readonly unknown[]>(
  body: (...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

/** One JSON value on a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
