// The open system: every port, opened in order from one configuration and closed in reverse.
import { join } from 'node:path';
import { openMemoryCache } from '../connectors/cache/memory.ts';
import { openRedisCache } from '../connectors/cache/redis.ts';
import { openTieredCache } from '../connectors/cache/tiered.ts';
import type { Cache } from '../connectors/cache.ts';
import { proveDeduplication } from '../connectors/clickhouse/deduplication-proof.ts';
import { openEmbeddedClickhouse } from '../connectors/clickhouse/embedded.ts';
import { openHttpClickhouse } from '../connectors/clickhouse/http.ts';
import { applyMigrations, readMigrations } from '../connectors/clickhouse/migrations.ts';
import { applyFsync, assertDeduplicating } from '../connectors/clickhouse/table-settings.ts';
import type { Clickhouse } from '../connectors/clickhouse.ts';
import { openEmbeddedLog } from '../connectors/embedded-log/embedded-log.ts';
import { openKafkaLog } from '../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../connectors/librdkafka/log.ts';
import type { Log } from '../connectors/log.ts';
import { createLogger, type Logger } from '../connectors/logger.ts';
import { createMetrics, type Metrics } from '../connectors/metrics.ts';
import type { CommandIo } from '../connectors/occupancy/command-io.ts';
import { type Occupancy, occupyDirectory } from '../connectors/occupancy/occupancy.ts';
import { openConfluentRegistry } from '../connectors/registry/confluent.ts';
import { openEmbeddedRegistry } from '../connectors/registry/embedded.ts';
import type { SchemaRegistry } from '../connectors/registry.ts';
import { openWire, type Wire } from '../connectors/wire/wire.ts';
import { tableName } from '../schemas/print/clickhouse.ts';
import { topics } from '../schemas/topics.ts';
import { type Configuration, isEmbedded, storesAnything } from './configuration/configuration.ts';
import { kafkaConnection } from './configuration/kafka-connection.ts';
import { lazyClickhouse } from './lazy-clickhouse.ts';
import { redactingWire } from './redacting-wire.ts';

export interface Stack {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly wire: Wire;
  readonly registry: SchemaRegistry;
  readonly clickhouse: Clickhouse;
  readonly cache: Cache;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly close: () => Promise<void>;
}

/** Runs a command that another process sent to the one that has the data directory open. */
type ServeCommand = (io: CommandIo, stack: Stack) => Promise<number>;

/**
 * Opens everything. Throws `Misconfigured` or `Retryable` naming what could not be opened, with all that was opened
 * before closed again.
 */
export async function openStack(configuration: Configuration, serve: ServeCommand): Promise<Stack> {
  const closers: (() => Promise<void>)[] = [];
  let occupancy: Occupancy | null = null;
  const closeAll = async () => {
    await occupancy?.drain();
    for (const close of closers.splice(0).reverse()) await close();
    await occupancy?.close();
  };
  const opened = async <T extends { close(): Promise<void> }>(opening: Promise<T> | T): Promise<T> => {
    const port = await opening;
    closers.push(() => port.close());
    return port;
  };
  let whenOpen: (stack: Stack) => void = () => {};
  const open = new Promise<Stack>((resolve) => {
    whenOpen = resolve;
  });
  try {
    const logger = createLogger(configuration.log);
    if (isEmbedded(configuration))
      occupancy = await occupyDirectory(configuration.dataDirectory, async (io) => serve(io, await open));
    const log = await opened(openLog(configuration, logger));
    await createTopics(log, configuration);
    const registry = await opened(openRegistry(configuration));
    const metrics = createMetrics();
    const wire = redactingWire(
      await openWire({ topics, registry, format: configuration.wireFormat }),
      configuration.redact,
      (kind, found) => metrics.redacted.add({ kind }, found),
    );
    const clickhouse = await opened(
      storesAnything(configuration)
        ? openStore(configuration)
        : lazyClickhouse(() => openStore(configuration)),
    );
    const cache = await opened(openCache(configuration, logger));
    const stack = {
      configuration,
      logger,
      metrics,
      log,
      wire,
      registry,
      clickhouse,
      cache,
      now: Date.now,
      close: closeAll,
    };
    whenOpen(stack);
    return stack;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function openLog({ kafka, log, dataDirectory }: Configuration, logger: Logger): Promise<Log> {
  if (kafka.brokers.length === 0)
    return openEmbeddedLog({
      directory: join(dataDirectory, 'log'),
      fsync: log.fsync,
      segmentBytesMax: log.segmentBytesMax,
      retentionMs: log.retentionMs,
      onRecovery: (recovery) => logger.warn({ recovery }, 'a torn write at the end of the log was cut off'),
      onCleaningFailure: (partition, error) =>
        logger.error({ partition, err: error }, 'the log could not be cleaned'),
    });
  const open = kafka.client === 'librdkafka' ? openLibrdkafkaLog : openKafkaLog;
  return open({
    ...kafkaConnection(kafka),
    // What the client calls information is every pause and resume of every partition.
    logger: (level, message, context) => logger[level === 'info' ? 'debug' : level](context, message),
  });
}

const createTopics = (log: Log, { kafka }: Configuration): Promise<void> =>
  log.createTopics(
    topics.map(({ name, compacted, recordBytesMax, partitions }) => ({
      name,
      partitions: partitions ?? kafka.partitions,
      ...(compacted ? { compacted } : {}),
      ...(recordBytesMax ? { recordBytesMax } : {}),
    })),
  );

function openRegistry({ registry, dataDirectory }: Configuration): Promise<SchemaRegistry> {
  if (registry.url === null) return openEmbeddedRegistry({ file: join(dataDirectory, 'registry.json') });
  return openConfluentRegistry({ ...registry, url: registry.url });
}

/** ClickHouse with all tables in it, proven to deduplicate. */
async function openStore(configuration: Configuration): Promise<Clickhouse> {
  const clickhouse = await openClickhouse(configuration);
  try {
    await applyMigrations(clickhouse, await readMigrations());
    const tables = topics.map(tableName);
    await applyFsync(clickhouse, tables, configuration.clickhouse.fsync);
    await assertDeduplicating(clickhouse, [...tables, 'baselines']);
    await proveDeduplication(clickhouse);
    return clickhouse;
  } catch (error) {
    await clickhouse.close();
    throw error;
  }
}

function openClickhouse({ clickhouse, dataDirectory }: Configuration): Promise<Clickhouse> {
  if (clickhouse.url === null)
    return openEmbeddedClickhouse({ directory: join(dataDirectory, 'clickhouse') });
  return openHttpClickhouse({ ...clickhouse, url: clickhouse.url, password: clickhouse.password ?? '' });
}

function openCache({ cache, redis }: Configuration, logger: Logger): Cache {
  const memory = openMemoryCache(cache);
  if (redis.url === null) return memory;
  return openTieredCache(memory, openRedisCache({ url: redis.url, logger }));
}
