// The kafkajs client as the rest of this folder uses it: one place for its settings, its logging and its codecs.
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type CompressionTypes, type Kafka, type RetryOptions, type SASLOptions } from 'kafkajs';
import { type CodecName, codecObstacle, useOwnCodec } from './codec.ts';
import { registerCodecs } from './codecs.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type ClientLogger = (
  level: LogLevel,
  message: string,
  context: Readonly<Record<string, unknown>>,
) => void;

export interface Login {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaOptions {
  /** `host:port` of some of the brokers; the others are found through them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** TLS with the system’s certificates (`true`) or with options of `node:tls`. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: Login;
  /** Codec of published batches; consumers read every codec whatever this says. Default `none`. */
  readonly compression?: Compression;
  /** Who encodes and decodes records: our own codec (the default), or kafkajs’s. */
  readonly codec?: CodecName;
  /** Where the client’s own log lines go; nowhere by default. */
  readonly logger?: ClientLogger;
}

const codecNames = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const;
export type Compression = keyof typeof codecNames;

/** Makes clients that share nothing. A function, because members of one group must not share a client: see below. */
export interface NewKafka {
  (retry: RetryOptions): Kafka;
  /** Who encodes and decodes records. */
  readonly codec: CodecName;
  /** kafkajs’s number for the codec of published batches. */
  readonly compression: CompressionTypes;
}

/**
 * kafkajs keeps committed offsets per client and group: two members of one group on one client overwrite each
 * other’s. So every subscription gets a client of its own.
 */
export async function kafkaClients(options: KafkaOptions): Promise<NewKafka> {
  await registerCodecs();
  const codec = codecOf(options);
  const newKafka = (retry: RetryOptions): Kafka => {
    const kafka = newStockKafka(options, retry);
    return codec === 'own' ? useOwnCodec(kafka) : kafka;
  };
  return Object.assign(newKafka, { codec, compression: codecNames[options.compression ?? 'none'] });
}

function newStockKafka(options: KafkaOptions, retry: RetryOptions): Kafka {
  const { brokers, clientId, tls, sasl } = options;
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    retry,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => logTo(options.logger),
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
  });
}

function codecOf(options: KafkaOptions): CodecName {
  if (options.codec === 'stock') return 'stock';
  const obstacle = codecObstacle(newStockKafka(options, {}));
  if (obstacle === null) return 'own';
  options.logger?.('warn', `Millrace’s codec is not used, kafkajs’s is, which is slower: ${obstacle}.`, {});
  return 'stock';
}

function logTo(logger: ClientLogger | undefined) {
  return ({ level, log, namespace }: { level: number; namespace: string; log: KafkaLogLine }): void => {
    const { message, timestamp: _, logger: _name, ...context } = log;
    logger?.(levelName(level), message, { part: namespace, ...context });
  };
}

interface KafkaLogLine {
  readonly message: string;
  readonly [key: string]: unknown;
}

function levelName(level: number): LogLevel {
  if (level <= kafkajs.logLevel.ERROR) return 'error';
  if (level <= kafkajs.logLevel.WARN) return 'warn';
  return level <= kafkajs.logLevel.INFO ? 'info' : 'debug';
}
