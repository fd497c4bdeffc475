// One command in this process, as far as it opens no system: what it printed and its exit code.
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { execute as executeSession } from '../../../streams/program.ts';

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
}

export async function execute(
  argv: readonly string[],
  { env, workingDirectory, signal = new AbortController().signal, input = '' }: Surroundings,
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
    stack: () => assert.fail('nothing needs to be opened'),
    handOver: async () => null,
    workingDirectory,
  });
  return { code, ...written };
}
