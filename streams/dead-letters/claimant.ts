// Which process made a claim, and whether it can still be at work on it.
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Claimant {
  /** The machine, and on Linux the room of process ids in it: containers number theirs anew. */
  readonly machine: string;
  readonly pid: number;
}

/** A claim of another machine that is older than this is taken to be given up, in milliseconds. */
export const leaseMs = 60_000;
/** A claim of this machine that is older than this cannot be that of its process any more: ids are used again. */
const pidMemoryMs = 600_000;

/** Runs of this very process that are at work. */
const running = new Set<string>();

export const beginRun = (run: string): void => void running.add(run);
export const endRun = (run: string): void => void running.delete(run);

export function thisClaimant(): Claimant {
  let room = '';
  try {
    room = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: process ids are the machine’s own.
  }
  return { machine: `${hostname()} ${room}`.trim(), pid: process.pid };
}

/** Whether a claim of `run`, made `ageMs` ago, may still be worked on. */
export function isAtWork(run: string, claimant: Claimant, ageMs: number): boolean {
  const here = thisClaimant();
  if (claimant.machine !== here.machine) return ageMs < leaseMs;
  if (claimant.pid === here.pid) return running.has(run);
  return ageMs < pidMemoryMs && isAlive(claimant.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
