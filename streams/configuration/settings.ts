// Every setting of Millrace: the one place from which the type, the reading, the checks and the reference follow.
import { alerting } from './alert-settings.ts';
import { cache, clickhouse, kafka, registry } from './connection-settings.ts';
import { http, redact, sql } from './door-settings.ts';
import { drift } from './drift-settings.ts';
import { experiments } from './experiment-settings.ts';
import { labels } from './label-settings.ts';
import { mlflow, s3 } from './model-settings.ts';
import { retraining } from './retraining-settings.ts';
import { routeList } from './route-settings.ts';
import { choice, choiceOrNone, flag, list, setting, text, urlOrNone, type ValuesOf } from './setting.ts';
import { inference, log, loop, scoring, sink } from './work-settings.ts';

/** The streams a process can run. `chain` is features, inference and scoring in one; it belongs to the chained mode. */
const streamNames = [
  ...(['features', 'inference', 'scoring', 'chain', 'routes', 'sinks'] as const),
  ...(['drift', 'alerts', 'trainer', 'experiments'] as const),
] as const;
export type StreamName = (typeof streamNames)[number];

/** The tree of all settings, in the order of the reference. */
export const settings = {
  dataDirectory: setting({
    variable: 'MILLRACE_DATA_DIRECTORY',
    kind: text,
    default: '.millrace',
    doc: 'Directory of the embedded log, ClickHouse and registry. One process at a time.',
  }),
  mode: setting({
    variable: 'MILLRACE_MODE',
    kind: choice('chained', 'apart'),
    default: 'chained',
    doc: 'Stages handed on in memory in one process, or one stream per stage with topics in between.',
  }),
  streams: setting({
    variable: 'MILLRACE_STREAMS',
    kind: list({ values: streamNames, empty: false }),
    default: {
      says: 'all of the mode',
      from: ({ mode, hasRoutes }): readonly StreamName[] => [
        ...(mode === 'chained' ? (['chain'] as const) : (['features', 'inference', 'scoring'] as const)),
        ...(hasRoutes ? (['routes'] as const) : []),
        ...(['sinks', 'drift', 'alerts', 'trainer', 'experiments'] as const),
      ],
    },
    doc: 'The streams this process runs.',
  }),
  routes: setting({
    variable: 'MILLRACE_ROUTES',
    kind: routeList,
    default: [],
    doc: 'Read a topic, ask a task, write a topic: `from=reviews task=toxicity to=verdicts`, several between semicolons; in YAML a list. Optional: `name`, `group` (of consumers), `text` and `id` (names of fields), `label` (`name`, or `index` for its place among the model’s labels), `latency` (`throughput`, `balanced`, `low`: later and cheaper, or sooner and dearer).',
  }),
  publishFeatures: setting({
    variable: 'MILLRACE_PUBLISH_FEATURES',
    kind: flag,
    default: false,
    doc: 'The chained mode publishes features too; the apart mode always does.',
  }),
  exactlyOnce: setting({
    variable: 'MILLRACE_EXACTLY_ONCE',
    kind: choiceOrNone('kafka'),
    default: null,
    doc: '`kafka`: streams from topics to topics publish and commit in Kafka transactions. None: at least once under ids that are the same on every run, and read back after a restart.',
  }),
  wireFormat: setting({
    variable: 'MILLRACE_WIRE_FORMAT',
    kind: choice('avro', 'json'),
    default: {
      says: 'avro; json on Kafka without a registry',
      from: ({ brokers, registryUrl }) => (brokers.length > 0 && registryUrl === null ? 'json' : 'avro'),
    },
    doc: 'How Millrace writes records. Both are always read.',
  }),
  redact,
  kafka,
  registry,
  clickhouse,
  redis: {
    url: setting({
      variable: 'REDIS_URL',
      kind: urlOrNone('redis', 'rediss'),
      default: null,
      doc: 'Redis behind the in-process cache. None: the in-process cache alone.',
    }),
  },
  cache,
  http,
  sql,
  log,
  loop,
  sink,
  inference,
  s3,
  mlflow,
  scoring,
  drift,
  labels,
  alerting,
  retraining,
  experiments,
};

/** The values of all settings. */
export type SettingValues = ValuesOf<typeof settings>;
