// Which commit of this code runs, for the manifests of what it trains.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The commit checked out in `directory`, 40 hex digits, with a plus sign where files differ from it; undefined outside
 * a git work tree, or without git.
 */
export async function commitOf(directory: string): Promise<string | undefined> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', ['-C', directory, ...args])).stdout.trim();
  try {
    const commit = await git('rev-parse', 'HEAD');
    const changes = await git('status', '--porcelain', '--untracked-files=no');
    return changes === '' ? commit : `${commit}+`;
  } catch {
    return undefined;
  }
}
