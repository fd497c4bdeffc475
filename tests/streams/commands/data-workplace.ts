// The data commands in this process, in a directory of their own, for tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandIo } from '../../../connectors/occupancy/command-io.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { execute } from '../../../streams/program.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';

/** The command line in this process, over one open system: a process for each command would take minutes. */
export class DataWorkplace {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-data-'));
  readonly #configuration = loadConfiguration({
    env: { MILLRACE_DATA_DIRECTORY: join(this.path, 'data'), MILLRACE_LOG_LEVEL: 'error' },
  });
  #stack: Promise<Stack> | undefined;

  async run(argv: readonly string[], { input = '', ...io }: { input?: string } & Partial<CommandIo> = {}) {
    const written = { stdout: '', stderr: '' };
    const outputTo = (name: 'stdout' | 'stderr') => ({
      write: async (text: string | Buffer) => {
        written[name] += text.toString();
      },
    });
    async function* stdin() {
      yield Buffer.from(input);
    }
    const code = await execute({
      io: {
        argv,
        stdin: stdin(),
        stdout: outputTo('stdout'),
        stderr: outputTo('stderr'),
        signal: new AbortController().signal,
        ...io,
      },
      configuration: () => this.#configuration,
      stack: () => {
        this.#stack ??= openStack(this.#configuration, async () => 1);
        return this.#stack;
      },
      handOver: async () => null,
      workingDirectory: this.path,
    });
    return { code, ...written };
  }

  async close(): Promise<void> {
    await (await this.#stack)?.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}
