// Every metric of Millrace, named once: base units, few labels, prefix `millrace_`. Callers record through typed
// values and never spell a name.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Labels<L extends string> = Readonly<Record<L, string>>;

interface Tally<L extends string> {
  add(labels: Labels<L>, count?: number): void;
}
interface Distribution<L extends string> {
  observe(labels: Labels<L>, value: number): void;
}
interface Level<L extends string> {
  set(labels: Labels<L>, value: number): void;
  /** Takes a series away whose subject is gone, so that its last value is not mistaken for a current one. */
  remove(labels: Labels<L>): void;
}

/** Seconds from 1 ms to 60 s, finer where the latency goals lie. */
const secondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const recordsBuckets = [1, 4, 16, 64, 128, 256, 512, 1_024, 2_048, 4_096, 16_384];

/** Makes one registry with all metrics in it. Recorders are cheap enough for every chunk, not for every record. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const recorders = recordersOf(registry);
  const { tally, distribution, level } = recorders;
  return {
    /** Content type and text of the exposition, for `/metrics`. */
    contentType: registry.contentType,
    print: (): Promise<string> => registry.metrics(),

    recordsIn: tally('records_in_total', 'Records read.', ['stream', 'topic']),
    recordsOut: tally('records_out_total', 'Records published.', ['stream', 'topic']),
    redacted: tally(
      'redacted_total',
      'Pieces of personal data taken out of texts, as often as they were read or written.',
      ['kind'],
    ),
    dropped: tally('records_dropped_total', 'Records that a stage dropped on purpose.', ['stream', 'reason']),
    deadLetters: tally('dead_letters_total', 'Records that a stage could not use.', ['stage', 'code']),
    batchRecords: distribution(
      'batch_records',
      'Records handed to a processor at once.',
      ['stream'],
      recordsBuckets,
    ),
    stageSeconds: distribution(
      'stage_seconds',
      'Time of one batch in one stage.',
      ['stream', 'stage'],
      secondsBuckets,
    ),
    inFlightBytes: level('in_flight_bytes', 'Record bytes that all streams hold in memory.', []),
    retries: tally('retries_total', 'Work done again because the world was unwell.', ['stream', 'code']),
    assignments: tally('assignments_total', 'Partitions given to this process, first ones and rebalances.', [
      'stream',
    ]),
    ...progressMetrics(recorders),
    lagRecords: level('lag_records', 'Records between a group’s commit and the end.', [
      'group',
      'topic',
      'partition',
    ]),
    recordAgeSeconds: distribution(
      'record_age_seconds',
      'Age of the oldest record of a chunk, since the log took it, when the stream was done with it.',
      ['stream', 'topic'],
      secondsBuckets,
    ),

    ...sinkMetrics(recorders),
    ...inferenceMetrics(recorders),
    ...driftMetrics(recorders),
    ...httpMetrics(recorders),
  } as const;
}

export type Metrics = ReturnType<typeof createMetrics>;

const inferenceMetrics = ({ tally, distribution, level }: ReturnType<typeof recordersOf>) => ({
  inferenceTexts: tally('inference_texts_total', 'Texts answered by a model.', ['task', 'release']),
  inferenceSeconds: distribution(
    'inference_seconds',
    'Time of one call, waiting included.',
    ['task'],
    secondsBuckets,
  ),
  inferenceQueueTexts: level('inference_queue_texts', 'Texts that wait for a model.', ['priority']),
  ...batchMetrics({ tally, distribution, level }),
  inferenceRefusals: tally('inference_refusals_total', 'Calls refused because the queue was full.', []),
  inferenceProvider: level(
    'inference_provider_info',
    'What a release runs on: 1 for the execution provider in use.',
    ['release', 'provider'],
  ),
  inferenceProviderFallbacks: tally(
    'inference_provider_fallbacks_total',
    'Sessions opened on another execution provider than wanted.',
    ['release', 'wanted', 'provider'],
  ),
  inferenceFallbacks: tally(
    'inference_fallbacks_total',
    'Texts answered by a simpler model or by rules, because the model failed or was late.',
    ['task', 'release', 'reason'],
  ),
  answerCache: tally(
    'answer_cache_total',
    'Answers asked of the cache: had (hit), being made for somebody else (shared), made (miss).',
    ['kind', 'outcome'],
  ),
  answerCacheHitRatio: level(
    'answer_cache_hit_ratio',
    'Share of answers since the start that were had or shared.',
    ['kind'],
  ),
  gpuUtilisation: level('gpu_utilisation_ratio', 'Share of time in which a graphics processor computed.', [
    'gpu',
  ]),
  memoryRatio: level('memory_used_ratio', 'Memory in use, as a share of what there may be.', []),
  cachesShed: tally('caches_shed_total', 'Times that caches were emptied because memory ran out.', []),
});

/** Runs of models; `where`: in a `thread`, or `inline`, where the data is. `tasks`: those asked in one run. */
const batchMetrics = ({
  tally,
  distribution,
  level,
}: Pick<ReturnType<typeof recordersOf>, 'tally' | 'distribution' | 'level'>) => ({
  inferenceRuns: tally('inference_runs_total', 'Batches run.', ['tasks', 'where', 'priority']),
  inferenceBatchTexts: distribution(
    'inference_batch_texts',
    'Texts of one run.',
    ['tasks', 'where'],
    recordsBuckets,
  ),
  inferenceRunSeconds: distribution(
    'inference_run_seconds',
    'Time of one run, without waiting.',
    ['tasks', 'where'],
    secondsBuckets,
  ),
  inferenceTokens: tally('inference_tokens_total', 'Tokens that were run; `padding` fills up short texts.', [
    'tasks',
    'kind',
  ]),
  inferencePaddingRatio: level(
    'inference_padding_ratio',
    'Share of tokens that were padding, over the last ten seconds.',
    [],
  ),
  inferenceCostErrorRatio: level(
    'inference_cost_error_ratio',
    'How far runs were off the expected time, as a share of it, over the last ten seconds.',
    [],
  ),
  inferenceBusyRatio: level(
    'inference_busy_ratio',
    'Share of the time of all threads that was spent in runs, over the last ten seconds.',
    [],
  ),
  inferenceWorkers: level('inference_workers', 'Threads that run models.', []),
  inferenceSwaps: tally(
    'inference_swaps_total',
    'Times that other releases took over while the system ran, or could not.',
    ['outcome'],
  ),
});

const progressMetrics = ({ tally, level }: ReturnType<typeof recordersOf>) => ({
  stalledPartitions: level('stalled_partitions', 'Partitions with records to read and no progress.', [
    'stream',
  ]),
  stalls: tally('stalls_total', 'Times that a stream began to make no progress.', ['stream']),
  streamRestarts: tally(
    'stream_restarts_total',
    'Times that a stream got a new client because it made no progress.',
    ['stream'],
  ),
  abandonedBatches: tally(
    'abandoned_batches_total',
    'Batches whose work did not end in time when their partition was taken away.',
    ['stream'],
  ),
});

const driftMetrics = ({ tally, level }: ReturnType<typeof recordersOf>) => ({
  driftStatistic: level('drift_statistic', 'Latest value of a drift statistic.', [
    'release',
    'feature',
    'statistic',
  ]),
  driftReports: tally('drift_reports_total', 'Drift windows judged.', ['release', 'verdict']),
});

const httpMetrics = ({ tally, distribution, level }: ReturnType<typeof recordersOf>) => ({
  httpRequests: tally('http_requests_total', 'Requests answered.', ['route', 'method', 'status']),
  httpSeconds: distribution(
    'http_request_seconds',
    'Time of one request in the door.',
    ['route'],
    secondsBuckets,
  ),
  httpInFlight: level(
    'http_in_flight_requests',
    'Requests that are being answered, event streams included.',
    [],
  ),
  httpStreamClients: level('http_stream_clients', 'Listeners of event streams.', []),
  httpResults: tally('http_results_total', 'Messages made for requests, by what became of them.', [
    'outcome',
  ]),
  httpResultsWaiting: level(
    'http_waiting_records',
    'Messages made for requests that wait to be published.',
    [],
  ),
});

const sinkMetrics = ({ tally, distribution, level }: ReturnType<typeof recordersOf>) => ({
  sinkRows: tally('sink_rows_total', 'Rows inserted into ClickHouse.', ['table']),
  sinkInserts: tally(
    'sink_inserts_total',
    'Inserts into ClickHouse; replayed ones repeat a journalled range.',
    ['table', 'kind'],
  ) as Tally<'table' | 'kind'>,
  sinkSeconds: distribution('sink_insert_seconds', 'Time of one insert.', ['table'], secondsBuckets),
  sinkTokenMemorySeconds: level(
    'sink_token_memory_seconds',
    'How long ClickHouse remembers an insert at the pace of the last minutes, over a table and its views.',
    ['table'],
  ),
  sinkClockDifferenceSeconds: level(
    'sink_clock_difference_seconds',
    'How far ClickHouse’s clock is ahead of this machine’s.',
    [],
  ),
  sinkStopped: level(
    'sink_stopped_partitions',
    'Whether (1) a partition stands still because records of it were deleted before they were stored.',
    ['topic', 'partition'],
  ),
  sinkViews: tally(
    'sink_views_compared_total',
    'Views compared with their table after a range came again too late for its token.',
    ['view', 'state'],
  ),
});

function recordersOf(registry: Registry) {
  const declared = <L extends string>(name: string, help: string, labelNames: readonly L[]) => ({
    name: `millrace_${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  return {
    tally<const L extends string>(name: string, help: string, labels: readonly L[]): Tally<L> {
      const counter = new Counter(declared(name, help, labels));
      return { add: (values, count = 1) => counter.inc(values, count) };
    },
    distribution<const L extends string>(
      name: string,
      help: string,
      labels: readonly L[],
      buckets: readonly number[],
    ): Distribution<L> {
      const histogram = new Histogram({ ...declared(name, help, labels), buckets: [...buckets] });
      return { observe: (values, value) => histogram.observe(values, value) };
    },
    level<const L extends string>(name: string, help: string, labels: readonly L[]): Level<L> {
      const gauge = new Gauge(declared(name, help, labels));
      return {
        set: (values, value) => gauge.set(values, value),
        remove: (values) => gauge.remove(values),
      };
    },
  };
}
