// A whole Millrace with its door open, in a directory of its own.
import { setTimeout as wait } from 'node:timers/promises';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openDoor, startFrontDoor } from '../../../streams/door.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';
import { startSystem } from '../../../streams/system.ts';
import { scratchDirectory } from '../../e2e/running.ts';

export interface Served {
  readonly url: string;
  readonly stack: Stack;
  /** Rows of a query once there are any. */
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends as `millrace up` does on SIGTERM; the stack stays open until `close`. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export async function serve(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const directory = scratchDirectory();
  const configuration = loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory.path,
      MILLRACE_LOG_LEVEL: 'error',
      MILLRACE_SINK_FLUSH_MS: '20',
      HTTP_PORT: '0',
      ...env,
    },
  });
  const stack = await openStack(configuration, async () => 1);
  const access = await openDoor(configuration);
  const door = await startFrontDoor(stack, { access, notReady: () => [] });
  const forRequests = configuration.http.requests === 'on';
  const system = await startSystem(stack, { driftByClock: false, forRequests });
  door.open(system.models);
  return {
    url: door.url,
    stack,
    async rows(sql) {
      for (;;) {
        const rows = await stack.clickhouse.query(sql);
        if (rows.length > 0) return rows;
        await wait(20);
      }
    },
    drain: () => door.drain(),
    async close() {
      await door.drain();
      await system.close();
      await door.close();
      await stack.close();
      directory.remove();
    },
  };
}
