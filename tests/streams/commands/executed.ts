// One command in this process, on a system that is open or on none: what it printed and its exit code.
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { execute as executeSession } from '../../../streams/program.ts';
import type { Stack } from '../../../streams/stack.ts';

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  /** Directory that file arguments are relative to. */
  readonly workingDirectory: string;
  readonly signal?: AbortSignal;
  /** Standard input. */
  readonly input?: string;
  /** The open system, for commands that need one. */
  readonly stack?: Stack;
}

export async function execute(
  argv: readonly string[],
  { env, workingDirectory, signal = new AbortController().signal, input = '', stack }: Surroundings,
): Promise<Executed> {
  const written = { stdout: '', stderr: '' };
  const outputTo = (name: 'stdout' | 'stderr') => ({
    write: async (text: string | Buffer) => {
      written[name] += text.toString();
    },
  });
  async function* given(): AsyncGenerator<Buffer> {
    if (input !== '') yield Buffer.from(input);
  }
  const code = await executeSession({
    io: { argv, stdin: given(), stdout: outputTo('stdout'), stderr: outputTo('stderr'), signal },
    configuration: () => loadConfiguration({ env }),
    stack: async () => stack ?? assert.fail('nothing needs to be opened'),
    handOver: async () => null,
    workingDirectory,
  });
  return { code, ...written };
}
