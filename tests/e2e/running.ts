// A whole Millrace in a directory of its own, for tests: opened, started, waited for, closed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../connectors/log.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { totalLag } from '../../streams/lag.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { startSystem } from '../../streams/system.ts';

export interface Running {
  readonly stack: Stack;
  /** Resolves when every group has read everything. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function scratchDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function startRunning(
  directory: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const configuration = loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_LOG_LEVEL: 'error',
      MILLRACE_SINK_FLUSH_MS: '20',
      MILLRACE_SINK_FLUSH_BULK_MS: '20',
      ...env,
    },
  });
  const stack = await openStack(configuration, async () => 1);
  const system = await startSystem(stack, { driftByClock: false });
  let stopped: unknown;
  system.done.catch((error: unknown) => {
    stopped = error;
  });
  return {
    stack,
    async settled() {
      let quiet = 0;
      while (quiet < 3) {
        if (stopped) throw stopped;
        quiet = (await lagOfAll(stack)) === 0 ? quiet + 1 : 0;
        await sleep(25);
      }
    },
    async close() {
      await system.close();
      await stack.close();
    },
  };
}

async function lagOfAll({ log }: Stack): Promise<number> {
  const ranges = await log.ranges();
  const sinks = await log.positions('millrace-clickhouse', [...new Set(ranges.map(({ topic }) => topic))]);
  // Before its first commit a group has no lag to speak of; what nobody has read yet is lag all the same.
  if (sinks.length === 0) return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return totalLag(log);
}

export const recordOf = (value: string | Buffer | object | null, key: string | null = null): LogRecord => ({
  key: key === null ? null : Buffer.from(key),
  value:
    value === null || Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  headers: {},
  timestamp: Date.now(),
});
