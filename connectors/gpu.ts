// How busy the graphics processors of this machine are: `nvidia-smi` for NVIDIA’s, the kernel’s own files for AMD’s.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface GpuReading {
  readonly name: string;
  /** Share of the last moments in which it computed, 0 to 1; null where it does not say (a MIG slice, say). */
  readonly utilisation: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryBytes: number | null;
}

export interface GpuSources {
  /** Program that is asked about NVIDIA’s. */
  readonly nvidiaSmi: string;
  /** Where the kernel shows its graphics cards. */
  readonly cards: string;
}

const usual: GpuSources = { nvidiaSmi: 'nvidia-smi', cards: '/sys/class/drm' };
const query = ['name', 'utilization.gpu', 'memory.used', 'memory.total'];
const timeoutMs = 5_000;

/** Every processor that can be asked; none where there is none. Never throws. */
export async function readGpus(sources: GpuSources = usual): Promise<readonly GpuReading[]> {
  const [nvidia, amd] = await Promise.all([nvidiaReadings(sources.nvidiaSmi), amdReadings(sources.cards)]);
  return [...nvidia, ...amd];
}

async function nvidiaReadings(program: string): Promise<readonly GpuReading[]> {
  try {
    const args = [`--query-gpu=${query.join(',')}`, '--format=csv,noheader,nounits'];
    return parseNvidia((await run(program, args, { timeout: timeoutMs })).stdout);
  } catch {
    return [];
  }
}

const mebibyte = 2 ** 20;

/** Reads lines such as `NVIDIA H200, 63, 1024, 143771` (percent, MiB, MiB); `[N/A]` is null. */
export function parseNvidia(output: string): readonly GpuReading[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [name = '', ...numbers] = line.split(',').map((part) => part.trim());
    const [utilisation, used, total] = numbers.map((text) =>
      /^\d+(\.\d+)?$/.test(text) ? Number(text) : null,
    );
    return {
      name,
      utilisation: scaled(utilisation, 0.01),
      memoryUsedBytes: scaled(used, mebibyte),
      memoryBytes: scaled(total, mebibyte),
    };
  });
}

const scaled = (value: number | null | undefined, factor: number): number | null =>
  value === null || value === undefined ? null : value * factor;

async function amdReadings(cards: string): Promise<readonly GpuReading[]> {
  const names = await readdir(cards).catch(() => []);
  const readings = names.filter((name) => /^card\d+$/.test(name)).map((name) => amdReading(cards, name));
  return (await Promise.all(readings)).filter((reading) => reading !== null);
}

async function amdReading(cards: string, name: string): Promise<GpuReading | null> {
  const numberIn = async (file: string): Promise<number | null> => {
    const text = await readFile(join(cards, name, 'device', file), 'utf8').catch(() => '');
    return /^\d+\s*$/.test(text) ? Number(text) : null;
  };
  const busy = await numberIn('gpu_busy_percent');
  if (busy === null) return null;
  return {
    name,
    utilisation: busy / 100,
    memoryUsedBytes: await numberIn('mem_info_vram_used'),
    memoryBytes: await numberIn('mem_info_vram_total'),
  };
}

/**
 * Whether the system shows a graphics processor, whatever its maker: macOS and Windows always do, Linux by a device
 * file. Software that plays one (SwiftShader, llvmpipe) has none.
 */
export async function hasGraphicsProcessor(
  devices = '/dev',
  platform: string = process.platform,
): Promise<boolean> {
  if (platform !== 'linux') return true;
  const [names, cards] = await Promise.all(
    [devices, join(devices, 'dri')].map((folder) => readdir(folder).catch(() => [])),
  );
  return (
    names!.some((name) => /^(nvidia\d+|dxg)$/.test(name)) || cards!.some((name) => /^renderD\d+$/.test(name))
  );
}
