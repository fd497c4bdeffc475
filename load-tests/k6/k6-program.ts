// k6 itself: built once from its Go module, into an ignored folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Misconfigured } from '../../schemas/errors.ts';

const version = 'v1.8.1';
const folder = fileURLToPath(new URL(`../../.cache/k6/${version}/`, import.meta.url));

/** Path of the pinned k6; builds it (4 minutes, 71 MB) when it is not there yet. Throws `Misconfigured` without Go. */
export function prepareK6(say: (line: string) => void): string {
  const file = join(folder, 'k6');
  if (existsSync(file)) return file;
  say(`building k6 ${version} with Go, once (about 4 minutes)…`);
  mkdirSync(folder, { recursive: true });
  const { error, status, stderr } = spawnSync('go', ['install', `go.k6.io/k6@${version}`], {
    env: { ...process.env, GOBIN: folder },
    encoding: 'utf8',
  });
  if (status === 0) return file;
  throw new Misconfigured(error ? 'There is no `go` on the PATH.' : `k6 could not be built:\n${stderr}`, {
    code: 'k6-missing',
    fix: `Install Go 1.24 or newer, or put a k6 ${version} at ${file}.`,
    cause: error,
  });
}
