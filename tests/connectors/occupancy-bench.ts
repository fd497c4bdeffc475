// What the tests of the occupancy share: directories, owners in this process and in others, and a terminal to look at.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CommandIo, Serve } from '../../connectors/occupancy/command-io.ts';
import { type Occupancy, occupyDirectory } from '../../connectors/occupancy/occupancy.ts';
import { compiler } from '../../infra/compiled.mjs';

/** Folder of one test file; removed after it, with every owner and child ended after each test. */
export function occupancyBench() {
  const root = mkdtempSync(path.join(tmpdir(), 'millrace-occupancy-'));
  const owners: Occupancy[] = [];
  const children: ChildProcess[] = [];
  let directories = 0;
  afterEach(async () => {
    for (const owner of owners.splice(0)) await owner.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  after(() => rmSync(root, { recursive: true, force: true }));
  return {
    root,
    fresh: (): string => path.join(root, String(++directories)),
    async occupy(directory: string, serve: Serve = async () => 0): Promise<Occupancy> {
      const owner = await occupyDirectory(directory, serve);
      owners.push(owner);
      return owner;
    },
    /** A child that tries to occupy at an instant (ms since 1970), and what it says. */
    async startChild(directory: string, instant = 0): Promise<{ child: ChildProcess; said: string }> {
      const script = fileURLToPath(new URL('occupancy-owner.ts', import.meta.url));
      const child = spawn(process.execPath, [compiler, script, directory, String(instant)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      return { child, said: said.toString().trim() };
    },
  };
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** A terminal whose outputs can be read. */
export function terminal(given: Partial<CommandIo> = {}) {
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const into = (list: Buffer[]) => ({
    write: async (text: string | Buffer) => void list.push(Buffer.from(text)),
  });
  const io: CommandIo = {
    argv: [],
    stdin: nothing(),
    stdout: into(written.stdout),
    stderr: into(written.stderr),
    signal: new AbortController().signal,
    ...given,
  };
  const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(written[name]).toString();
  return { io, written, text };
}

export const aborted = (signal: AbortSignal): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, 'abort');
