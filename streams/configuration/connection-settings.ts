// Settings of what Millrace is connected to: Kafka, schema registry, ClickHouse, caches.
import { bytes, count, milliseconds } from './quantity.ts';
import {
  choice,
  choiceOrNone,
  flag,
  hostsAndPorts,
  setting,
  text,
  textOrNone,
  urlOrNone,
} from './setting.ts';

export const kafka = {
  brokers: setting({
    variable: 'KAFKA_BROKERS',
    kind: hostsAndPorts,
    default: [],
    doc: 'Brokers to begin with. None: the embedded log in the data directory.',
  }),
  client: setting({
    variable: 'KAFKA_CLIENT',
    kind: choice('kafkajs', 'librdkafka'),
    default: 'kafkajs',
    doc: 'The library that speaks to the brokers: kafkajs, or librdkafka through `@confluentinc/kafka-javascript`, which has to be built first.',
  }),
  codec: setting({
    variable: 'KAFKA_CODEC',
    kind: choice('own', 'stock'),
    default: 'own',
    doc: 'With kafkajs: who encodes and decodes records, Millrace (own) or kafkajs (stock), which takes several times the processor time.',
  }),
  clientId: setting({
    variable: 'KAFKA_CLIENT_ID',
    kind: text,
    default: 'millrace',
    doc: 'Name of this client in the broker’s logs and quotas.',
  }),
  tls: setting({ variable: 'KAFKA_TLS', kind: flag, default: false, doc: 'Speak TLS to the brokers.' }),
  tlsCaFile: setting({
    variable: 'KAFKA_TLS_CA_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with the authority that signed the brokers’ certificates. None: the authorities that Node trusts.',
  }),
  tlsCertFile: setting({
    variable: 'KAFKA_TLS_CERT_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with this client’s certificate, where brokers ask for one.',
  }),
  tlsKeyFile: setting({
    variable: 'KAFKA_TLS_KEY_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with the key of that certificate, without a passphrase.',
  }),
  sasl: {
    mechanism: setting({
      variable: 'KAFKA_SASL_MECHANISM',
      kind: choiceOrNone('plain', 'scram-sha-256', 'scram-sha-512'),
      default: null,
      doc: 'How to log in to the brokers. None: no login.',
    }),
    username: setting({
      variable: 'KAFKA_SASL_USERNAME',
      kind: textOrNone,
      default: null,
      doc: 'User to log in as.',
    }),
    password: setting({
      variable: 'KAFKA_SASL_PASSWORD',
      kind: textOrNone,
      default: null,
      secret: true,
      doc: 'Password of that user.',
    }),
  },
  sessionTimeoutMs: setting({
    variable: 'KAFKA_SESSION_TIMEOUT_MS',
    kind: milliseconds({ min: 6_000, max: 1_800_000 }),
    default: 10_000,
    unit: 'ms',
    doc: 'A group member that is silent for so long loses its partitions. Brokers refuse less than 6 s.',
  }),
  partitions: setting({
    variable: 'KAFKA_PARTITIONS',
    kind: count({ min: 1, max: 1_000 }),
    default: {
      says: '4 on Kafka; 1 in the embedded log, where one process reads them all',
      from: ({ brokers }) => (brokers.length > 0 ? 4 : 1),
    },
    doc: 'Partitions of a topic that Millrace creates; topics of few messages have one. Existing topics keep theirs.',
  }),
};

export const registry = {
  url: setting({
    variable: 'SCHEMA_REGISTRY_URL',
    kind: urlOrNone('http', 'https'),
    default: null,
    doc: 'A Confluent-compatible schema registry. None: the embedded registry in the data directory.',
  }),
  username: setting({
    variable: 'SCHEMA_REGISTRY_USERNAME',
    kind: textOrNone,
    default: null,
    doc: 'User of the registry.',
  }),
  password: setting({
    variable: 'SCHEMA_REGISTRY_PASSWORD',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Password of that user.',
  }),
};

export const clickhouse = {
  url: setting({
    variable: 'CLICKHOUSE_URL',
    kind: urlOrNone('http', 'https'),
    default: null,
    doc: 'ClickHouse server, HTTP interface. None: ClickHouse in this process (chdb) in the data directory.',
  }),
  user: setting({
    variable: 'CLICKHOUSE_USER',
    kind: text,
    default: 'default',
    doc: 'User of the server.',
  }),
  password: setting({
    variable: 'CLICKHOUSE_PASSWORD',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Password of that user.',
  }),
  database: setting({
    variable: 'CLICKHOUSE_DATABASE',
    kind: text,
    default: 'default',
    doc: 'Database of the tables, on a server.',
  }),
  fsync: setting({
    variable: 'CLICKHOUSE_FSYNC',
    kind: flag,
    default: false,
    doc: 'An insert waits for the disk (`fsync_after_insert`): acknowledged rows survive power loss; inserts take longer.',
  }),
};

export const cache = {
  entriesMax: setting({
    variable: 'MILLRACE_CACHE_ENTRIES_MAX',
    kind: count({ min: 1 }),
    default: 100_000,
    doc: 'Most entries of the in-process cache.',
  }),
  bytesMax: setting({
    variable: 'MILLRACE_CACHE_BYTES_MAX',
    kind: bytes({ min: 1_024 }),
    default: 67_108_864,
    unit: 'bytes',
    doc: 'Most bytes of the in-process cache.',
  }),
};
