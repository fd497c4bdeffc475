// `millrace models export`, and import of what it wrote: a release as one file or a folder.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { filesOfRelease, packBundle, releaseOf, unpackBundle } from '../../connectors/model-store/bundle.ts';
import { sha256Of } from '../../connectors/model-store/release-files.ts';
import type { WholeRelease } from '../../connectors/model-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { modelStoreOf } from '../models.ts';
import { count } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface JsonOption {
  readonly json?: boolean;
}

export function defineExport(group: Command, context: CommandContext, action: Action): void {
  group
    .command('export <release> <target>')
    .description('write a release to a bundle (a name that ends in .tar.gz) or a new folder')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A bundle holds the release and SHA256SUMS; the same release always gives the same bytes.

Examples:
  millrace models export toxicity toxicity.tar.gz
  millrace models export toxicity@1.0.0 ./toxicity-1.0.0`,
    )
    .action(
      action((release: string, target: string, options: JsonOption) =>
        runExport(context, [release, target], options.json ?? false),
      ),
    );
}

const isBundle = (path: string): boolean => /\.(tar\.gz|tgz)$/.test(path);

async function runExport(
  { io, configuration, workingDirectory }: CommandContext,
  [name, target]: readonly [string, string],
  json: boolean,
): Promise<number> {
  const path = resolve(workingDirectory, target);
  if (existsSync(path))
    throw new Misconfigured(`${target} is there already`, {
      code: 'file-exists',
      fix: 'Choose another name, or remove what is there.',
    });
  const store = modelStoreOf(configuration);
  if (!json) await io.stderr.write(`reading ${name} from ${store.address}\n`);
  const release = await unlessInterrupted(io, store.whole(name));
  const written = await writeRelease(path, release);
  io.signal.throwIfAborted();
  const about = { release: release.manifest.release, path: target, ...written };
  const sum = 'sha256' in written ? `, SHA-256 ${written.sha256}` : '';
  await io.stdout.write(
    json ? jsonLine(about) : `${about.release} → ${target}: ${count(written.bytes)} bytes${sum}\n`,
  );
  return exitCodes.done;
}

/** Writes beside the place and renames, so that what is there is whole. */
async function writeRelease(path: string, release: WholeRelease) {
  const beside = `${path}.writing`;
  try {
    if (isBundle(path)) {
      const bytes = await packBundle(release);
      await writeFile(beside, bytes);
      await rename(beside, path);
      return { bytes: bytes.length, sha256: sha256Of(bytes) };
    }
    let bytes = 0;
    await mkdir(beside);
    for (const [file, content] of filesOfRelease(release)) {
      await writeFile(join(beside, file), content);
      bytes += content.length;
    }
    await rename(beside, path);
    return { bytes };
  } catch (cause) {
    await rm(beside, { recursive: true, force: true });
    throw unusable(path, 'written', cause);
  }
}

/** Whether `models import` of a path means a bundle or an exported folder, rather than a model of another making. */
export async function isRelease(path: string): Promise<boolean> {
  return (await statOf(path)).isFile() || existsSync(join(path, 'manifest.json'));
}

/** Publishes the release in a bundle or an exported folder. */
export async function runImport(
  { io, configuration, workingDirectory }: CommandContext,
  source: string,
  json: boolean,
): Promise<number> {
  const path = resolve(workingDirectory, source);
  const store = modelStoreOf(configuration);
  if (!json) await io.stderr.write(`checking ${source}\n`);
  const release = await readRelease(path);
  const isNew = await unlessInterrupted(io, store.publish(release));
  const { release: name } = release.manifest;
  await io.stdout.write(
    json
      ? jsonLine({ release: name, store: store.address, new: isNew })
      : `${name} ${isNew ? 'is now' : 'was already'} in ${store.address}\n`,
  );
  return exitCodes.done;
}

const statOf = (path: string) =>
  stat(path).catch((cause: unknown) => {
    throw unusable(path, 'read', cause);
  });

async function readRelease(path: string): Promise<WholeRelease> {
  if ((await statOf(path)).isFile()) return unpackBundle(path, await readBytes(path));
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isFile()) files.set(entry.name, await readBytes(join(path, entry.name)));
  return releaseOf(path, files);
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unusable(path, 'read', cause);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not',
  ENOSPC: 'the disk is full',
};

function unusable(path: string, done: 'read' | 'written', cause: unknown): Misconfigured {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return new Misconfigured(`${path} cannot be ${done}: ${reasons[code] ?? code}`, {
    code: `file-un${done === 'read' ? 'readable' : 'writable'}`,
    fix: 'Check the name and who may use the place.',
    cause,
  });
}
