// `millrace doctor --install-cuda`: the CUDA provider of ONNX Runtime and the CUDA libraries it wants, out of the wheels
// that Python users get them from. What is whole is kept: run again, it goes on where it stopped.
import { lstat, mkdir, readdir, readFile, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { providerLibraries, type RuntimePlace } from '../../connectors/onnx-runtime.ts';
import {
  assertPip,
  downloadWheels,
  requirementsOf,
  unpackWheel,
  type WheelSource,
} from '../../connectors/python-wheels.ts';
import { Misconfigured } from '../../schemas/errors.ts';

export interface CudaInstallation extends WheelSource {
  readonly runtime: RuntimePlace;
  /** Where wheels and libraries go. */
  readonly directory: string;
  /** Platform and processor of this process, `linux-x64`. */
  readonly platform: string;
}

/** Downloads, libraries and both for a moment: 1.6 GB and 2.4 GB were measured. */
const bytesWanted = 5 * 2 ** 30;

/** What will be done, for people. */
export const cudaPlan = ({
  runtime,
  directory,
}: Pick<CudaInstallation, 'runtime' | 'directory'>): readonly string[] => [
  'ONNX Runtime of npm has no CUDA provider. This takes the one of the Python package of the same version:',
  `  1. pip downloads onnxruntime-gpu ${runtime.version} (250 MB) and NVIDIA’s CUDA 13 and cuDNN 9 libraries (1.3 GB)`,
  `  2. they are unpacked into ${resolve(directory)} (2.4 GB), each file checked by its SHA-256`,
  `  3. links to ${providerLibraries.join(', ')} go into ${runtime.folder}`,
  '  4. a session is tried on the GPU',
  'NVIDIA’s libraries are under NVIDIA’s licences. No environment variable is needed: Millrace loads them itself.',
  '`npm ci` removes the links: run this again then, which downloads nothing.',
];

interface Installed {
  readonly version: string;
  readonly folders: readonly string[];
}

/**
 * Installs; does only what is not done. Throws `Misconfigured` on another platform, without pip or without room, and
 * `Retryable` where a download fails or is damaged: run again, it goes on.
 */
export async function installCuda(installation: CudaInstallation): Promise<void> {
  const { runtime, platform, tell } = installation;
  const directory = resolve(installation.directory);
  if (platform !== 'linux-x64') {
    throw new Misconfigured(`there is no CUDA provider for ${platform} in these packages`, {
      code: 'cuda-platform',
      fix: 'Use a Linux machine with an x86-64 processor; elsewhere MILLRACE_INFERENCE_PROVIDER=webgpu.',
    });
  }
  const list = join(directory, 'installed.json');
  const before = await readFile(list, 'utf8').then(
    (text) => JSON.parse(text) as Installed,
    () => null,
  );
  const isThere = before?.version === runtime.version && (await areThere(directory, before.folders));
  if (isThere) tell('the libraries are there already');
  else await fetchAll(installation, directory, list, before?.folders ?? []);
  const folders = isThere ? before.folders : (JSON.parse(await readFile(list, 'utf8')) as Installed).folders;
  await link(join(directory, folders[0]!), runtime.folder);
  tell(`linked from ${runtime.folder}`);
}

async function fetchAll(
  installation: CudaInstallation,
  directory: string,
  list: string,
  before: readonly string[],
): Promise<void> {
  const { runtime, python, tell } = installation;
  await mkdir(directory, { recursive: true });
  await assertPip({ python });
  await assertRoom(directory);
  const wheels = join(directory, 'wheels');
  const source = { python, tell, into: wheels };
  await downloadWheels([`onnxruntime-gpu==${runtime.version}`], { ...source, dependencies: false });
  const provider = await unpackAll(wheels, /^onnxruntime_gpu-/, directory, installation);
  const needs = await requirementsOf(join(directory, provider[0]!), ['cuda', 'cudnn']);
  tell(`it wants ${needs.join(', ')}`);
  if (needs.length > 0) await downloadWheels(needs, { ...source, dependencies: true });
  const libraries = await unpackAll(wheels, /^(?!onnxruntime_gpu-)/, directory, installation);
  const installed: Installed = { version: runtime.version, folders: [...provider, ...libraries] };
  await writeFile(list, `${JSON.stringify(installed, null, 2)}\n`);
  await rm(wheels, { recursive: true });
  // Those of an older version.
  for (const folder of before.filter((name) => !installed.folders.includes(name)))
    await rm(join(directory, folder), { recursive: true, force: true });
}

async function unpackAll(
  wheels: string,
  named: RegExp,
  directory: string,
  { python, tell }: WheelSource,
): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const wheel of (await readdir(wheels))
    .filter((name) => name.endsWith('.whl') && named.test(name))
    .sort()) {
    tell(`unpacking and checking ${wheel}`);
    await unpackWheel(join(wheels, wheel), { python, into: directory });
    folders.push(wheel.slice(0, -'.whl'.length));
  }
  return folders;
}

async function areThere(directory: string, folders: readonly string[]): Promise<boolean> {
  const entries = new Set(await readdir(directory));
  return folders.every((folder) => entries.has(folder));
}

async function assertRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= bytesWanted) return;
  throw new Misconfigured(
    `${directory} has ${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free, and 5 are wanted`,
    {
      code: 'no-room',
      fix: 'Make room, or set MILLRACE_CUDA_DIRECTORY to a folder on another disk.',
    },
  );
}

/** Puts links to the provider’s libraries where ONNX Runtime looks. */
async function link(unpacked: string, folder: string): Promise<void> {
  for (const name of providerLibraries) {
    const at = join(folder, name);
    // A file that somebody put there by hand is theirs.
    const there = await lstat(at).catch(() => null);
    if (there?.isFile()) continue;
    await rm(at, { force: true });
    await symlink(join(unpacked, 'onnxruntime', 'capi', name), at);
  }
}
