// What this process may use of the machine: processors and memory, with the limits of its containers (control groups).
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';

export interface MachineSources {
  /** Where control groups are mounted. */
  readonly groups: string;
  readonly proc: string;
}

const usual: MachineSources = { groups: '/sys/fs/cgroup', proc: '/proc' };

/**
 * Processors that this process may keep busy, at least 1: those of the machine, or fewer where a control group allows
 * less time (Kubernetes’ CPU limits; `os.availableParallelism` does not see them in Node 20). Half a processor more is
 * not counted: threads that are throttled are slow all at once.
 */
export function availableCores(sources: MachineSources = usual): number {
  const cores = availableParallelism();
  const quotas = groupFolders(sources)
    .map(quotaOf)
    .filter((quota) => quota !== null);
  return Math.max(1, Math.floor(Math.min(cores, ...quotas)));
}

/** Processors’ worth of time that a group allows; null where it says nothing. */
function quotaOf(folder: string): number | null {
  const [quota, period] = textIn(folder, 'cpu.max').split(/\s+/);
  if (quota !== undefined && quota !== '' && quota !== 'max') return Number(quota) / Number(period);
  const old = Number(textIn(folder, 'cpu.cfs_quota_us') || -1);
  return old > 0 ? old / Number(textIn(folder, 'cpu.cfs_period_us')) : null;
}

export interface MemoryReading {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/**
 * Memory in use and the most there may be, of the control group nearest to its limit, or of the machine. What the
 * kernel only keeps to read files faster does not count as used: it gives that back when asked.
 */
export function readMemory(sources: MachineSources = usual): MemoryReading {
  const groups = groupFolders(sources)
    .map(memoryOf)
    .filter((reading) => reading !== null);
  const share = ({ usedBytes, limitBytes }: MemoryReading) => usedBytes / limitBytes;
  const readings = [machineMemory(sources.proc), ...groups];
  return readings.reduce((fullest, reading) => (share(reading) > share(fullest) ? reading : fullest));
}

function memoryOf(folder: string): MemoryReading | null {
  const [current, max, cached] = existsSync(join(folder, 'memory.max'))
    ? (['memory.current', 'memory.max', 'inactive_file'] as const)
    : (['memory.usage_in_bytes', 'memory.limit_in_bytes', 'total_inactive_file'] as const);
  const limitBytes = Number(textIn(folder, max) || Number.NaN);
  // The old groups write a number near 2⁶³ where there is no limit.
  if (!(limitBytes > 0 && limitBytes <= totalmem())) return null;
  const stat = new RegExp(`^${cached} (\\d+)$`, 'm').exec(textIn(folder, 'memory.stat'))?.[1];
  return { usedBytes: Math.max(0, Number(textIn(folder, current)) - Number(stat ?? 0)), limitBytes };
}

function machineMemory(proc: string): MemoryReading {
  const info = textIn(proc, 'meminfo');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(info)?.[1]);
  const [total, available] = [kibibytes('MemTotal') * 1_024, kibibytes('MemAvailable') * 1_024];
  if (total > 0 && available >= 0) return { usedBytes: total - available, limitBytes: total };
  return { usedBytes: totalmem() - freemem(), limitBytes: totalmem() };
}

/** Folders of the groups of this process, each with those above it: any of them may hold the limit. */
function groupFolders({ groups, proc }: MachineSources): readonly string[] {
  const folders = new Set<string>();
  for (const line of textIn(proc, 'self/cgroup').split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // In version 1 each set of controllers has a tree of its own.
    const roots =
      controllers === ''
        ? [groups]
        : ['cpu', 'memory']
            .filter((name) => controllers.split(',').includes(name))
            .map((name) => join(groups, name));
    const parts = path.split('/').filter((part) => part !== '' && part !== '..');
    for (const root of roots)
      for (let depth = parts.length; depth >= 0; depth--) folders.add(join(root, ...parts.slice(0, depth)));
  }
  return [...folders];
}

/** Text of a file without the space around it; empty where it cannot be read. */
function textIn(folder: string, file: string): string {
  try {
    return readFileSync(join(folder, file), 'utf8').trim();
  } catch {
    return '';
  }
}
