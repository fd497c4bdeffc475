// The servers that the configuration names: whether each answers, with what it says about itself.
import { Redis } from 'ioredis';
import { kafkaClients } from '../../connectors/kafka/client.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { kafkaConnection } from '../configuration/kafka-connection.ts';
import type { Examination, Finding } from './finding.ts';

const timeoutMs = 4_000;

const unset = (variable: string, instead: string): Omit<Finding, 'name'> => ({
  status: 'absent',
  detail: `${variable} is not set: ${instead}`,
});

export const kafka = ({ kafka: settings }: Configuration): Examination => ({
  name: 'Kafka',
  timeoutMs,
  fix: `Start it, or correct KAFKA_BROKERS (${settings.brokers.join(',')}) and the login; \`npm run kafka\` starts one here.`,
  examine: async () => {
    if (settings.brokers.length === 0) return unset('KAFKA_BROKERS', 'the embedded log is used');
    const newKafka = await kafkaClients(kafkaConnection(settings));
    const admin = newKafka({ retries: 0 }).admin();
    try {
      await admin.connect();
      const { brokers, clusterId } = await admin.describeCluster();
      const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__'));
      const detail = `cluster ${clusterId}: ${brokers.length} brokers, ${topics.length} topics`;
      return { status: 'ok', detail };
    } finally {
      await admin.disconnect();
    }
  },
});

async function textOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(url, { headers, signal });
  const text = (await response.text()).trim();
  if (!response.ok) throw new Error(`${url.origin} answered ${response.status}: ${text.slice(0, 200)}`);
  return text;
}

/** `path` below a base address that may have a path itself. */
const below = (base: string, path: string): URL => new URL(`${base.replace(/\/+$/, '')}/${path}`);

export const registry = ({ registry: settings }: Configuration): Examination => ({
  name: 'schema registry',
  timeoutMs,
  fix: 'Start it, or correct SCHEMA_REGISTRY_URL and its login.',
  examine: async (signal) => {
    if (settings.url === null) return unset('SCHEMA_REGISTRY_URL', 'the embedded registry is used');
    const login = `${settings.username}:${settings.password}`;
    const headers: Record<string, string> =
      settings.username === null ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    const subjects = JSON.parse(await textOf(below(settings.url, 'subjects'), headers, signal)) as unknown[];
    return { status: 'ok', detail: `${subjects.length} subjects` };
  },
});

export const clickhouse = ({ clickhouse: settings }: Configuration): Examination => ({
  name: 'ClickHouse server',
  timeoutMs,
  fix: 'Start it, or correct CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.',
  examine: async (signal) => {
    if (settings.url === null) return unset('CLICKHOUSE_URL', 'ClickHouse runs in this process');
    const url = below(settings.url, '');
    url.searchParams.set('query', 'SELECT version()');
    const headers = { 'x-clickhouse-user': settings.user, 'x-clickhouse-key': settings.password ?? '' };
    return { status: 'ok', detail: `version ${await textOf(url, headers, signal)}` };
  },
});

export const redis = ({ redis: { url } }: Configuration): Examination => ({
  name: 'Redis',
  timeoutMs,
  fix: 'Start it, or correct REDIS_URL. Without it answers are slower, not wrong.',
  examine: async () => {
    if (url === null) return unset('REDIS_URL', 'the cache of this process is used alone');
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: timeoutMs / 2,
      retryStrategy: () => null,
      enableOfflineQueue: false,
    });
    let trouble: Error | undefined;
    client.on('error', (error) => {
      trouble = error;
    });
    try {
      await client.connect();
      const version = /^(?:valkey|redis)_version:(\S+)/m.exec(await client.info('server'))?.[1];
      return { status: 'ok', detail: `version ${version ?? 'unknown'}` };
    } catch (error) {
      throw trouble ?? error;
    } finally {
      client.disconnect();
    }
  },
});
