// Makes a directory and what is missing above it, level by level: below /proc, Node’s own recursive mkdir tries forever
// (the level is missing, its parent exists, and again).
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Throws what `mkdir` throws where a level cannot be made. */
export async function makeDirectory(directory: string, mode: number): Promise<void> {
  const absolute = path.resolve(directory);
  const missing: string[] = [];
  for (let level = absolute; !(await exists(level)); level = path.dirname(level)) missing.unshift(level);
  for (const level of missing) {
    await mkdir(level, { mode }).catch((error: NodeJS.ErrnoException) => {
      // Two processes may start at once.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

const exists = async (level: string): Promise<boolean> =>
  stat(level).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
