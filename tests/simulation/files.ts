// Files and directories of a virtual disk: what they hold, and what of it outlasts the death of the machine.
import type { Random } from './random.ts';

export interface File {
  bytes: Buffer;
  length: number;
  /** Bytes that outlast the machine's death. */
  synced: number;
  changedAt: number;
}

/** Names of a directory: as they are, and as they outlast the machine's death. */
export interface Directory {
  readonly now: Map<string, File>;
  synced: Map<string, File>;
  /** Changes since the last sync, in order. */
  changes: ((names: Map<string, File>) => void)[];
}

export const emptyFile = (now: number): File => ({
  bytes: Buffer.alloc(0),
  length: 0,
  synced: 0,
  changedAt: now,
});

/** Cuts the unsynced end somewhere, or leaves zeros where it was. */
export function tear(file: File, random: Random): void {
  const unsynced = file.length - file.synced;
  if (unsynced <= 0) return;
  const kept = file.synced + random.whole(0, unsynced);
  if (random.chance(0.5)) file.length = kept;
  else file.bytes.fill(0, kept, file.length);
  file.synced = file.length;
}
