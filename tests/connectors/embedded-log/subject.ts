// Directories and logs that a test of the embedded log opens, and that are gone after it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import type { EmbeddedLogOptions } from '../../../connectors/embedded-log/settings.ts';
import type { Log } from '../../../connectors/log.ts';

/** Opens logs in one directory that is deleted, after all of them are closed, when the test ends. */
export function logs(t: TestContext): {
  readonly directory: string;
  readonly open: (options?: Partial<EmbeddedLogOptions>) => Promise<Log>;
} {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  const opened: Log[] = [];
  t.after(async () => {
    for (const log of opened) await log.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    open: async (options = {}) => {
      const log = await openEmbeddedLog({ directory, ...options });
      opened.push(log);
      return log;
    },
  };
}

/** Names of a partition’s files with the given ending, in order, and their common directory. */
export function partitionFiles(
  directory: string,
  topic: string,
  ending: string,
): { readonly at: string; readonly names: string[] } {
  const at = join(directory, topic, '0');
  return {
    at,
    names: readdirSync(at)
      .filter((name) => name.endsWith(ending))
      .sort(),
  };
}
