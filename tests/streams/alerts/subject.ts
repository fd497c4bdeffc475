// An open stack without ClickHouse for tests of alerting: the embedded log in a directory of its own, and a clock that
// the test sets.
import type { TestContext } from 'node:test';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import { createLogger } from '../../../connectors/logger.ts';
import { createMetrics } from '../../../connectors/metrics.ts';
import { openEmbeddedRegistry } from '../../../connectors/registry/embedded.ts';
import { Refusal } from '../../../connectors/wire/refusal.ts';
import { openWire } from '../../../connectors/wire/wire.ts';
import type { Rule } from '../../../processors/alerts/rule.ts';
import { topics } from '../../../schemas/topics.ts';
import { AlertBook } from '../../../streams/alerts/book.ts';
import { DriftWatch } from '../../../streams/alerts/drift-watch.ts';
import { Evaluator } from '../../../streams/alerts/evaluator.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { lazyClickhouse } from '../../../streams/lazy-clickhouse.ts';
import type { Stack } from '../../../streams/stack.ts';
import { allRecords } from '../../contract/log/subject.ts';
import { scratchDirectory } from '../../e2e/running.ts';
import { start } from '../../processors/alerts/alert.ts';

export interface Subject {
  readonly stack: Stack;
  readonly clock: { now: number };
}

type Variables = Readonly<Record<string, string>>;

/** A stack over a log in `directory`; `now` is the process’s own clock where no clock is to be set. */
export async function openLightStack(directory: string, env: Variables = {}, now = Date.now): Promise<Stack> {
  const configuration = loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_LOG_LEVEL: 'silent',
      MILLRACE_STREAMS: 'alerts',
      MILLRACE_ALERTS_GROUP_MS: '50',
      MILLRACE_ALERTS_RETRY_DELAY_MS: '10',
      MILLRACE_ALERTS_RETRY_DELAY_MAX_MS: '50',
      MILLRACE_ALERTS_TIMEOUT_MS: '30000',
      ...env,
    },
  });
  const log = await openEmbeddedLog({ directory: `${directory}/log` });
  await log.createTopics(topics.map(({ name, partitions }) => ({ name, partitions: partitions ?? 1 })));
  const registry = await openEmbeddedRegistry({ file: `${directory}/registry.json` });
  return {
    configuration,
    log,
    registry,
    logger: createLogger(configuration.log),
    metrics: createMetrics(),
    wire: await openWire({ topics, registry, format: 'avro' }),
    clickhouse: lazyClickhouse(() => Promise.reject(new Error('there is no ClickHouse here'))),
    cache: openMemoryCache(configuration.cache),
    now,
    close: async () => {
      await log.close();
      await registry.close();
    },
  };
}

export async function lightStack(t: TestContext, env: Variables = {}): Promise<Subject> {
  const directory = scratchDirectory();
  const clock = { now: start };
  const stack = await openLightStack(directory.path, env, () => clock.now);
  t.after(async () => {
    await stack.close();
    directory.remove();
  });
  return { stack, clock };
}

/** A process that looks at rules: what each look says, in words. */
export async function evaluatorOf(t: TestContext, stack: Stack, rules: readonly Rule[]) {
  const book = await AlertBook.open(stack);
  const drift = await DriftWatch.open(stack);
  t.after(async () => {
    await drift.close();
    await book.close();
  });
  const evaluator = new Evaluator({ book, sources: { stack, drift, isRetired: () => false }, rules });
  const look = async (at: number) => {
    const news = await evaluator.look(at, { signal: new AbortController().signal });
    return news.map(({ rule, state, severity }) => `${rule} ${state} ${severity}`);
  };
  return { look, drift };
}

/** The same stack over a log of which the first commits fail, and the groups that were joined. */
export function failing(stack: Stack, failures: number, error: () => Error) {
  const joined: string[] = [];
  let left = failures;
  const subscribe: Stack['log']['subscribe'] = async (options, handler) => {
    joined.push(options.group);
    return stack.log.subscribe(options, (batch) =>
      handler(
        Object.assign(Object.create(batch), {
          heartbeat: () => batch.heartbeat(),
          committed: () => batch.committed(),
          commit: async (offset: number, metadata: string) => {
            left -= 1;
            if (left >= 0) throw error();
            await batch.commit(offset, metadata);
          },
        }),
      ),
    );
  };
  const log = new Proxy(stack.log, {
    get: (target, name) => {
      const own: unknown = name === 'subscribe' ? subscribe : Reflect.get(target, name);
      return typeof own === 'function' && name !== 'subscribe' ? own.bind(target) : own;
    },
  });
  return { joined, stack: { ...stack, log } };
}

/** Everything that a topic holds. */
export async function messagesOf<T>({ log, wire }: Stack, topic: string): Promise<T[]> {
  const found: T[] = [];
  for (const [partition, record] of await allRecords(log, topic)) {
    await wire.prepare(topic, [record]);
    const message = wire.decode(topic, partition, record);
    if (message instanceof Refusal) throw new Error(message.reason);
    found.push(message as T);
  }
  return found;
}
