// The Kafka options as librdkafka's settings.
import type { ConnectionOptions } from 'node:tls';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ClientLogger, KafkaOptions, LogLevel } from '../kafka/client.ts';
import type { Native, NativeError, NativeLogLine, Settings } from './native.ts';

const mechanisms = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/** Settings of every client. Throws `Misconfigured` where librdkafka was built without, or does not know, an option. */
export function commonSettings(native: Native, options: KafkaOptions): Settings {
  const { brokers, clientId, tls = false, sasl, compression = 'none' } = options;
  if (tls !== false) assertBuiltWith(native, 'ssl', 'TLS');
  if (sasl && sasl.mechanism !== 'plain') assertBuiltWith(native, 'sasl_scram', sasl.mechanism);
  if (compression === 'zstd') assertBuiltWith(native, 'zstd', 'zstd compression');
  return {
    'bootstrap.servers': brokers.join(','),
    'client.id': clientId,
    'security.protocol': `${sasl ? 'sasl_' : ''}${tls === false ? 'plaintext' : 'ssl'}`,
    'allow.auto.create.topics': false,
    'topic.metadata.refresh.interval.ms': 30_000,
    'socket.keepalive.enable': true,
    'socket.nagle.disable': true,
    'socket.timeout.ms': 20_000,
    'socket.connection.setup.timeout.ms': 5_000,
    'reconnect.backoff.ms': 100,
    'reconnect.backoff.max.ms': 2_000,
    'log.connection.close': false,
    log_level: 6,
    ...(sasl
      ? {
          'sasl.mechanisms': mechanisms[sasl.mechanism],
          'sasl.username': sasl.username,
          'sasl.password': sasl.password,
        }
      : {}),
    ...(typeof tls === 'object' ? tlsSettings(tls) : {}),
  };
}

function assertBuiltWith({ features, librdkafkaVersion }: Native, feature: string, what: string): void {
  if (features.includes(feature)) return;
  throw new Misconfigured(`This librdkafka ${librdkafkaVersion} was built without ${what}.`, {
    code: 'kafka-client-lacks',
    fix: 'Install libssl-dev, libsasl2-dev and libzstd-dev and build the module again, or set KAFKA_CLIENT=kafkajs.',
  });
}

function tlsSettings(tls: ConnectionOptions): Settings {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(tls)) {
    if (value === undefined) continue;
    if (name === 'ca') settings['ssl.ca.pem'] = pem(value);
    else if (name === 'cert') settings['ssl.certificate.pem'] = pem(value);
    else if (name === 'key') settings['ssl.key.pem'] = pem(value);
    else if (name === 'passphrase') settings['ssl.key.password'] = String(value);
    else if (name === 'rejectUnauthorized') settings['enable.ssl.certificate.verification'] = value !== false;
    else
      throw new Misconfigured(`librdkafka has no counterpart of the TLS option “${name}”.`, {
        code: 'kafka-tls',
        fix: 'Use ca, cert, key, passphrase and rejectUnauthorized, or set KAFKA_CLIENT=kafkajs.',
      });
  }
  return settings;
}

const pem = (value: unknown): string => (Array.isArray(value) ? value : [value]).map(String).join('\n');

/** Listeners that hand a client's lines to the logger; `failed` hears every error that is not about one request. */
export function listeners(logger: ClientLogger | undefined, failed: (error: NativeError) => void) {
  return {
    'event.log': ({ severity, fac, message, name }: NativeLogLine) =>
      logger?.(levelOf(severity), message, { part: name, event: fac }),
    'event.error': (error: NativeError) => {
      logger?.('warn', error.message, { part: 'librdkafka', code: error.code });
      failed(error);
    },
  };
}

// Severities are syslog's.
function levelOf(severity: number): LogLevel {
  if (severity <= 3) return 'error';
  if (severity <= 5) return 'warn';
  return severity === 6 ? 'info' : 'debug';
}
