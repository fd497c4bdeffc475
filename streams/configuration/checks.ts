// What single settings cannot say: values that contradict each other.
import { alertChecks } from './alert-checks.ts';
import { doorChecks } from './door-checks.ts';
import { driftChecks } from './drift-checks.ts';
import { retrainingChecks } from './retraining-checks.ts';
import { routeChecks } from './route-checks.ts';
import type { SettingValues } from './settings.ts';
import { badTlsFiles } from './tls-files.ts';

/** A contradiction: the keys that take part, what is wrong, and the fix. */
export interface Contradiction {
  readonly keys: readonly string[];
  readonly what: string;
  readonly fix: string;
}

export type Check = (values: SettingValues) => Contradiction | false;

const isLocal = (broker: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(broker);

const checks: readonly Check[] = [
  ...doorChecks,
  ...routeChecks,
  ...alertChecks,
  ...driftChecks,
  ...retrainingChecks,
  ({ kafka: { sasl } }) =>
    sasl.mechanism !== null &&
    (sasl.username === null || sasl.password === null) && {
      keys: ['kafka.sasl.mechanism'],
      what: `SASL ${sasl.mechanism} needs a user and a password`,
      fix: 'Set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.',
    },
  ({ kafka: { sasl } }) =>
    sasl.mechanism === null &&
    (sasl.username !== null || sasl.password !== null) && {
      keys: ['kafka.sasl.username', 'kafka.sasl.password'],
      what: 'there is a SASL user or password, but no mechanism',
      fix: 'Set KAFKA_SASL_MECHANISM, or remove the user and the password.',
    },
  ({ kafka: { sasl, tls, brokers } }) =>
    sasl.mechanism === 'plain' &&
    !tls &&
    !brokers.every(isLocal) && {
      keys: ['kafka.sasl.mechanism', 'kafka.tls'],
      what: 'SASL plain without TLS sends the password readable over the network',
      fix: 'Set KAFKA_TLS=true, or use a scram mechanism.',
    },
  ({ kafka: { brokers, tls, sasl } }) =>
    brokers.length === 0 &&
    (tls || sasl.mechanism !== null) && {
      keys: ['kafka.tls', 'kafka.sasl.mechanism'],
      what: 'TLS or SASL is set, but no brokers are: the embedded log would run',
      fix: 'Set KAFKA_BROKERS, or remove the other Kafka settings.',
    },
  ({ kafka: { tls, tlsCaFile, tlsCertFile, tlsKeyFile } }) =>
    !tls &&
    (tlsCaFile ?? tlsCertFile ?? tlsKeyFile) !== null && {
      keys: ['kafka.tlsCaFile', 'kafka.tlsCertFile', 'kafka.tlsKeyFile'],
      what: 'there are certificates for TLS, but TLS is not on',
      fix: 'Set KAFKA_TLS=true, or remove the files.',
    },
  ({ kafka: { tlsCertFile, tlsKeyFile } }) =>
    (tlsCertFile === null) !== (tlsKeyFile === null) && {
      keys: ['kafka.tlsCertFile', 'kafka.tlsKeyFile'],
      what: 'there is a client certificate or its key, but not both',
      fix: 'Set both KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE, or neither.',
    },
  ({ kafka }) => {
    const bad = badTlsFiles(kafka);
    if (bad.length === 0) return false;
    return {
      keys: bad.map(({ key }) => key),
      what: bad.map(({ what }) => what).join('; '),
      fix: 'Name PEM files that this user may read: the authority, the client’s certificate, its key.',
    };
  },
  ({ kafka: { brokers }, exactlyOnce }) =>
    exactlyOnce === 'kafka' &&
    brokers.length === 0 && {
      keys: ['exactlyOnce'],
      what: 'Kafka transactions need Kafka, and no brokers are set: the embedded log would run, which has none',
      fix: 'Set KAFKA_BROKERS, or unset MILLRACE_EXACTLY_ONCE.',
    },
  ({ kafka: { client }, exactlyOnce }) =>
    exactlyOnce === 'kafka' &&
    client !== 'kafkajs' && {
      keys: ['exactlyOnce', 'kafka.client'],
      what: `the ${client} client has no transactions here`,
      fix: 'Set KAFKA_CLIENT=kafkajs, or unset MILLRACE_EXACTLY_ONCE.',
    },
  ({ kafka: { brokers }, registry, wireFormat }) =>
    wireFormat === 'avro' &&
    brokers.length > 0 &&
    registry.url === null && {
      keys: ['wireFormat'],
      what: 'Avro on Kafka needs a schema registry that other clients reach too',
      fix: 'Set SCHEMA_REGISTRY_URL, or MILLRACE_WIRE_FORMAT=json.',
    },
  ({ registry }) =>
    (registry.username === null) !== (registry.password === null) && {
      keys: ['registry.username', 'registry.password'],
      what: 'the registry has a user or a password, but not both',
      fix: 'Set both SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD, or neither.',
    },
  ({ mode, streams }) => {
    const strange = streams.filter((name) =>
      mode === 'chained' ? ['features', 'inference', 'scoring'].includes(name) : name === 'chain',
    );
    if (strange.length === 0) return false;
    const right = mode === 'chained' ? 'chain' : 'features, inference or scoring';
    return {
      keys: ['streams', 'mode'],
      what: `the ${mode} mode does not run ${strange.join(', ')}`,
      fix: `Name ${right}, or set MILLRACE_MODE=${mode === 'chained' ? 'apart' : 'chained'}.`,
    };
  },
  ({ inference, s3 }) =>
    inference.modelsDirectory.startsWith('s3://') &&
    (s3.accessKeyId === null || s3.secretAccessKey === null) && {
      keys: ['inference.modelsDirectory', 's3.accessKeyId', 's3.secretAccessKey'],
      what: 'models in a bucket need credentials',
      fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    },
  ({ mlflow }) =>
    (mlflow.username === null) !== (mlflow.password === null) && {
      keys: ['mlflow.username', 'mlflow.password'],
      what: 'MLflow has a user or a password, but not both',
      fix: 'Set both MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or neither.',
    },
  ({ loop }) =>
    loop.retryDelayMaxMs < loop.retryDelayMs && {
      keys: ['loop.retryDelayMaxMs', 'loop.retryDelayMs'],
      what: `the longest pause (${loop.retryDelayMaxMs} ms) is shorter than the first (${loop.retryDelayMs} ms)`,
      fix: 'Raise loop.retryDelayMaxMs or lower loop.retryDelayMs.',
    },
  ({ drift }) =>
    drift.everyMs > drift.windowMs && {
      keys: ['drift.everyMs', 'drift.windowMs'],
      what: 'traffic between two drift windows would never be looked at',
      fix: 'Make drift.everyMs at most drift.windowMs.',
    },
];

/** Every contradiction in the values. */
export const contradictionsIn = (values: SettingValues): Contradiction[] =>
  checks.map((check) => check(values)).filter((found) => found !== false);
