// Settings of the work itself: logs, the loop, the sink, inference, scoring, drift.
import { fileURLToPath } from 'node:url';
import { availableCores } from '../../connectors/machine.ts';
import { engine } from './engine-settings.ts';
import { folderOrBucket } from './model-settings.ts';
import { bytes, count, fraction, milliseconds } from './quantity.ts';
import { choice, flag, languagesByTenant, list, numberByLanguage, setting } from './setting.ts';

export const log = {
  level: setting({
    variable: 'MILLRACE_LOG_LEVEL',
    kind: choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    doc: 'Least severe log line that is written.',
  }),
  format: setting({
    variable: 'MILLRACE_LOG_FORMAT',
    kind: choice('pretty', 'json'),
    default: {
      says: 'pretty on a terminal, else json',
      from: () => (process.stderr.isTTY ? 'pretty' : 'json'),
    },
    doc: 'Log lines for people or for programs.',
  }),
  fsync: setting({
    variable: 'MILLRACE_LOG_FSYNC',
    kind: flag,
    default: false,
    doc: 'The embedded log waits for the disk on every publish: survives power loss, costs most of its speed.',
  }),
  segmentBytesMax: setting({
    variable: 'MILLRACE_LOG_SEGMENT_BYTES_MAX',
    kind: bytes({ min: 1_048_576, max: 2_147_483_647 }),
    default: 134_217_728,
    unit: 'bytes',
    doc: 'The embedded log begins a new segment file past this size.',
  }),
  retentionMs: setting({
    variable: 'MILLRACE_LOG_RETENTION_MS',
    kind: milliseconds({ min: 60_000 }),
    default: 604_800_000,
    unit: 'ms',
    doc: 'The embedded log deletes closed segments whose last record is older.',
  }),
};

export const loop = {
  lingerMs: setting({
    variable: 'MILLRACE_LOOP_LINGER_MS',
    kind: milliseconds({ min: 0, max: 1_000 }),
    default: {
      says: '0 in the embedded log; 15 on Kafka, where every fetch, publish and commit is a round trip',
      from: ({ brokers }) => (brokers.length > 0 ? 15 : 0),
    },
    unit: 'ms',
    doc: 'Longest wait of a stage for more than one record; more means less work per record and later scores.',
  }),
  chunkRecordsMax: setting({
    variable: 'MILLRACE_LOOP_CHUNK_RECORDS_MAX',
    kind: count({ min: 1, max: 100_000 }),
    default: 1_000,
    unit: 'records',
    doc: 'Most records that a processor is handed at once.',
  }),
  inFlightBytesMax: setting({
    variable: 'MILLRACE_LOOP_IN_FLIGHT_BYTES_MAX',
    kind: bytes({ min: 1_048_576 }),
    default: 67_108_864,
    unit: 'bytes',
    doc: 'Record bytes that all streams of a process hold; every partition may have one chunk beyond it.',
  }),
  retryDelayMs: setting({
    variable: 'MILLRACE_LOOP_RETRY_DELAY_MS',
    kind: milliseconds({ min: 1 }),
    default: 100,
    unit: 'ms',
    doc: 'First pause after a failure of the world; doubles with each further one, with jitter.',
  }),
  retryDelayMaxMs: setting({
    variable: 'MILLRACE_LOOP_RETRY_DELAY_MAX_MS',
    kind: milliseconds({ min: 1 }),
    default: 30_000,
    unit: 'ms',
    doc: 'Longest such pause.',
  }),
  stallMs: setting({
    variable: 'MILLRACE_LOOP_STALL_MS',
    kind: milliseconds({ min: 1_000 }),
    default: 60_000,
    unit: 'ms',
    doc: 'A stream that has lag and commits nothing for so long gets a new client, and `/ready` fails until it goes on.',
  }),
  invalidShareMax: setting({
    variable: 'MILLRACE_LOOP_INVALID_SHARE_MAX',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.5,
    unit: 'share',
    doc: 'A stream stops when more than this share of the window were bad messages: a bad deploy must not drain a topic. 1 never stops.',
  }),
  invalidWindowRecords: setting({
    variable: 'MILLRACE_LOOP_INVALID_WINDOW_RECORDS',
    kind: count({ min: 1, max: 10_000_000 }),
    default: 1_000,
    unit: 'records',
    doc: 'Records that this share is taken over.',
  }),
};

export const sink = {
  flushMs: setting({
    variable: 'MILLRACE_SINK_FLUSH_MS',
    kind: milliseconds({ min: 1, max: 60_000 }),
    default: 150,
    unit: 'ms',
    doc: 'Least time between two inserts of one partition, for what people wait for: scores, alerts, feedback, reports. Less means fresher rows and more parts in ClickHouse; the first row after a silence never waits.',
  }),
  flushBulkMs: setting({
    variable: 'MILLRACE_SINK_FLUSH_BULK_MS',
    kind: milliseconds({ min: 1, max: 60_000 }),
    default: { says: '1000; 2000 on Kafka', from: ({ brokers }) => (brokers.length > 0 ? 2_000 : 1_000) },
    unit: 'ms',
    doc: 'The same for what is read in bulk: comments, prompts, features and predictions.',
  }),
  flushBytesMin: setting({
    variable: 'MILLRACE_SINK_FLUSH_BYTES_MIN',
    kind: bytes({ min: 1 }),
    default: 1_048_576,
    unit: 'bytes',
    doc: 'A batch of so many bytes is a backlog: the next insert of its partition follows at once.',
  }),
  deadlineMs: setting({
    variable: 'MILLRACE_SINK_DEADLINE_MS',
    kind: milliseconds({ min: 1_000, max: 600_000 }),
    default: 30_000,
    unit: 'ms',
    doc: 'An insert is refused so long after its journal entry: a process that slept cannot insert what another replayed.',
  }),
};

export const inference = {
  workers: setting({
    variable: 'MILLRACE_INFERENCE_WORKERS',
    kind: count({ min: 1, max: 256 }),
    default: {
      says: 'processors (those a container may use) − 1, at least 1',
      from: () => Math.max(1, availableCores() - 1),
    },
    unit: 'threads',
    doc: 'Worker threads that run models.',
  }),
  modelsDirectory: setting({
    variable: 'MILLRACE_MODELS_DIRECTORY',
    kind: folderOrBucket,
    default: {
      says: '`models/` of Millrace itself',
      from: () => fileURLToPath(new URL('../../models', import.meta.url)),
    },
    doc: 'Where releases lie, as `<task>/<version>/manifest.json`: a folder, or `s3://bucket/prefix` of S3 or what speaks its protocol.',
  }),
  modelsRefreshMs: setting({
    variable: 'MILLRACE_MODELS_REFRESH_MS',
    kind: milliseconds({ min: 0, max: 86_400_000 }),
    default: 10_000,
    unit: 'ms',
    doc: 'How often a running system looks whether other releases serve now, and takes them over. 0: never.',
  }),
  commentTasks: setting({
    variable: 'MILLRACE_COMMENT_TASKS',
    kind: list({ empty: false }),
    default: ['language', 'sentiment', 'toxicity', 'emotion'],
    doc: 'Tasks answered for a comment.',
  }),
  promptTasks: setting({
    variable: 'MILLRACE_PROMPT_TASKS',
    kind: list({ empty: false }),
    default: ['language', 'prompt-intent'],
    doc: 'Tasks answered for a prompt.',
  }),
  expectedLanguages: setting({
    variable: 'MILLRACE_EXPECTED_LANGUAGES',
    kind: languagesByTenant,
    default: {},
    doc: 'Languages that a tenant’s messages may be in: `acme=de|en,*=en|fr`. The others are ruled out, which makes short texts surer; a tenant without an entry may use any.',
  }),
  groupLanguages: setting({
    variable: 'MILLRACE_GROUP_LANGUAGES',
    kind: flag,
    default: false,
    doc: 'Languages that are hard to tell apart, as the release declares them, count as one label.',
  }),
  queueTextsMax: setting({
    variable: 'MILLRACE_INFERENCE_QUEUE_TEXTS_MAX',
    kind: count({ min: 1 }),
    default: 20_000,
    unit: 'texts',
    doc: 'Texts that may wait for a worker; more are refused and slow the source.',
  }),
  ...engine,
};

export const scoring = {
  toxicityThreshold: setting({
    variable: 'MILLRACE_TOXICITY_THRESHOLD',
    kind: fraction({ min: 0, max: 1 }),
    default: 0.5,
    unit: 'probability',
    doc: 'A comment is called toxic from this probability on.',
  }),
  toxicityThresholds: setting({
    variable: 'MILLRACE_TOXICITY_THRESHOLDS',
    kind: numberByLanguage(0, 1),
    default: {},
    unit: 'probability',
    doc: 'The same for single languages: `de=0.6,pt=0.7`.',
  }),
};
