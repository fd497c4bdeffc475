// The machine itself: Node, processors, memory, the data directory, the programs that start a local Kafka.
import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findOccupant } from '../../connectors/occupancy/knock.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Examination } from './finding.ts';

const run = promisify(execFile);

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const nodeMinimum = [20, 12] as const;

export const node: Examination = {
  name: 'Node',
  timeoutMs: 1_000,
  fix: `Install Node ${nodeMinimum.join('.')} or newer.`,
  examine: async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const enough = major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1]);
    if (!enough) throw new Error(`${process.version} is too old`);
    return { status: 'ok', detail: `${process.version} on ${process.platform}-${process.arch}` };
  },
};

const memoryWantedBytes = 2 ** 31;

export const processors: Examination = {
  name: 'processors and memory',
  timeoutMs: 1_000,
  fix: 'Give the machine or the container at least 2 GiB.',
  examine: async () => {
    const limit = process.constrainedMemory?.() ?? 0;
    const total = limit > 0 && limit < totalmem() ? limit : totalmem();
    const model = cpus()[0]?.model.trim() || 'unknown model';
    const detail = `${availableParallelism()} × ${model}, ${gibibytes(total)} memory, ${gibibytes(freemem())} free`;
    if (total < memoryWantedBytes) throw new Error(detail);
    return { status: 'ok', detail };
  },
};

const diskWantedBytes = 2 ** 30;

export const dataDirectory = ({ dataDirectory: directory }: Configuration): Examination => ({
  name: 'data directory',
  timeoutMs: 5_000,
  fix: 'Make it writable with 1 GiB free, or set MILLRACE_DATA_DIRECTORY to a directory that is.',
  examine: async () => {
    const existing = await nearestExisting(path.resolve(directory));
    await access(existing, constants.W_OK);
    if (existing === path.resolve(directory)) await tryWriting(existing);
    const { bavail, bsize } = await statfs(existing);
    const free = bavail * bsize;
    if (free < diskWantedBytes) throw new Error(`${directory} has ${gibibytes(free)} free`);
    const occupant = await findOccupant(directory);
    occupant?.socket.destroy();
    const state = existing === path.resolve(directory) ? 'is writable' : 'will be made';
    const user =
      occupant === null ? '' : `, in use by process ${occupant.hello?.pid ?? 'that does not answer'}`;
    return { status: 'ok', detail: `${directory} ${state}, ${gibibytes(free)} free${user}` };
  },
});

async function nearestExisting(directory: string): Promise<string> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory()) return directory;
  if (found) throw new Error(`${directory} is a file`);
  return nearestExisting(path.dirname(directory));
}

// `access` tells a superuser yes on a read-only disk; writing does not lie.
async function tryWriting(directory: string): Promise<void> {
  await rm(await mkdtemp(path.join(directory, '.doctor-')), { recursive: true });
}

const program = (name: string, flag: string, wanted: string, install: string): Examination => ({
  name,
  timeoutMs: 10_000,
  otherwise: 'absent',
  fix: `Only \`npm run kafka\` needs it: install ${install}.`,
  examine: async (signal) => {
    const { stdout, stderr } = await run(name, [flag], { signal });
    const version = new RegExp(wanted).exec(stdout + stderr)?.[0] ?? stdout.split('\n')[0] ?? '';
    return { status: 'ok', detail: version };
  },
});

export const java = program(
  'java',
  '-version',
  'version "[^"]+"',
  'a Java 17 runtime (openjdk-17-jre-headless)',
);
export const maven = program('mvn', '--version', 'Maven [\\d.]+', 'Apache Maven (maven)');
