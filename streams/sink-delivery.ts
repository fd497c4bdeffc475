// The sink as it is wired: rows into tables, dead letters once, and what is to be told of it as metrics, log lines and
// alerts.
import { ClickhouseDelivery, type SinkObserver } from '../connectors/clickhouse/delivery.ts';
import { ServerClock } from '../connectors/clickhouse/server-clock.ts';
import { TokenMemory } from '../connectors/clickhouse/token-memory.ts';
import { repairViews, type ViewState } from '../connectors/clickhouse/view-repair.ts';
import { DeadLetterBox } from '../connectors/dead-letter-box.ts';
import { tableName } from '../schemas/print/clickhouse.ts';
import { topics } from '../schemas/topics.ts';
import { raise } from './alerts.ts';
import type { ChunkLimits } from './loop/chunks.ts';
import { Pace } from './sink-pace.ts';
import type { Stack } from './stack.ts';

/**
 * What one insert is cut to. Large inserts cost ClickHouse least; encoding much more at once would stall what else runs
 * here. Rows are at most three times as large as their records and some hundred bytes each: an insert stays below the
 * 128 MiB of one block (tests/streams/sink-delivery.test.ts).
 */
export const sinkLimits: ChunkLimits = { recordsMax: 10_000, bytesMax: 33_554_432 };

/** Time that a restart is given, in milliseconds. */
const restartMs = 30_000;
/** ClickHouse should remember tokens this many times longer than the longest way back to a range. */
const memoryFactor = 10;
/** Clocks that differ by more are worth a word, in milliseconds. Deadlines are made for the difference. */
const differenceMsMax = 1_000;

/** Read in bulk and by nobody who waits: fewer, larger inserts, behind those of the others. */
const bulk: ReadonlySet<string> = new Set(['comments', 'prompts', 'features', 'predictions']);

/** How often each table gets an insert. */
export function sinkPace({ configuration: { sink } }: Stack): Pace {
  return new Pace({
    topics: topics.map(({ name }) => name),
    periodMs: (topic) => (bulk.has(topic) ? Math.max(sink.flushBulkMs, sink.flushMs) : sink.flushMs),
    bytesMin: sink.flushBytesMin,
    monotonicMs: () => performance.now(),
    after: (delayMs, resume) => setTimeout(resume, delayMs).unref(),
  });
}

/** Everything stored, effectively once. Another stream makes the dead letters of `othersTopics`. */
export function tableDelivery(stack: Stack, othersTopics: readonly string[]): ClickhouseDelivery {
  const { clickhouse, configuration, log, wire, now } = stack;
  const { deadlineMs } = configuration.sink;
  const tables = topics.map(tableName);
  const monotonicMs = (): number => performance.now();
  const onView = viewTeller(stack);
  return new ClickhouseDelivery({
    clickhouse,
    topics,
    isUrgent: ({ name }) => !bulk.has(name),
    clock: new ServerClock({ clickhouse, now, monotonicMs, onMeasured: clockTeller(stack) }),
    deadlineMs,
    memory: new TokenMemory({ clickhouse, tables, monotonicMs, onMeasured: memoryTeller(stack) }),
    repairViews: (range, stillOurs) =>
      repairViews(range, { clickhouse, insertMs: deadlineMs, stillOurs, onView }),
    letters: new DeadLetterBox({ log, wire, stage: 'sinks', othersTopics, now }),
    async logStart(topic, partition) {
      const ranges = await log.ranges([topic]);
      return ranges.find((range) => range.partition === partition)?.start ?? 0;
    },
    observer: sinkObserver(stack),
  });
}

function sinkObserver(stack: Stack): SinkObserver {
  const { metrics, logger } = stack;
  return {
    inserted(table, rows, seconds) {
      metrics.sinkRows.add({ table }, rows);
      metrics.sinkInserts.add({ table, kind: 'new' });
      metrics.sinkSeconds.observe({ table }, seconds);
    },
    repeated(table, partition, found) {
      metrics.sinkInserts.add({ table, kind: `repeated-${found}` });
      logger.info({ topic: table, partition, found }, 'a journalled range was stored again');
    },
    stopped(topic, partition, error) {
      const place = { topic, partition: String(partition) };
      if (!error) return metrics.sinkStopped.remove(place);
      metrics.sinkStopped.set(place, 1);
      logger.error({ topic, partition, err: error }, 'a partition is not stored any further');
      void raise(stack, {
        rule: `records-lost/${topic}/${partition}`,
        severity: 'critical',
        state: 'firing',
        summary: error.message,
        evidence: { ...place, next: String(error.context.next) },
        incident: error.message,
      });
    },
  };
}

/** Tells once when ClickHouse remembers tokens for too short a time, and once when that is over. */
function memoryTeller(stack: Stack): (table: string, seconds: number) => void {
  const { configuration, metrics, logger } = stack;
  const { deadlineMs } = configuration.sink;
  const needed = (memoryFactor * (deadlineMs + configuration.kafka.sessionTimeoutMs + restartMs)) / 1_000;
  const since = new Map<string, string>();
  return (table, seconds) => {
    metrics.sinkTokenMemorySeconds.set({ table }, seconds);
    const began = since.get(table);
    const isShort = seconds < needed;
    // Half as much again ends it, so that it does not come and go around the limit.
    if (began === undefined ? !isShort : seconds < needed * 1.5) return;
    const incident = began ?? new Date(stack.now()).toISOString();
    if (isShort) since.set(table, incident);
    else since.delete(table);
    const summary = isShort
      ? `ClickHouse remembers what was inserted into ${table} for ${Math.round(seconds)} s, less than ${needed} s: ` +
        'a longer stop makes the sink compare rows and views instead. Fewer, larger inserts (MILLRACE_SINK_FLUSH_MS) ' +
        'or a larger non_replicated_deduplication_window help'
      : `ClickHouse remembers what was inserted into ${table} for long enough again`;
    logger.warn({ table, seconds, needed }, summary);
    void raise(stack, {
      rule: `token-memory/${table}`,
      severity: 'warning',
      state: isShort ? 'firing' : 'resolved',
      summary,
      evidence: { table, seconds: String(Math.round(seconds)), needed: String(needed) },
      incident,
    });
  };
}

/** Tells when the clocks differ too much, once until they do not. */
function clockTeller({ metrics, logger }: Stack): (differenceMs: number) => void {
  let told = false;
  return (differenceMs) => {
    metrics.sinkClockDifferenceSeconds.set({}, differenceMs / 1_000);
    const differs = Math.abs(differenceMs) > differenceMsMax;
    if (differs && !told)
      logger.warn(
        { differenceMs },
        'the clocks of ClickHouse and of this machine differ; set them by one source',
      );
    told = differs;
  };
}

function viewTeller({ metrics, logger }: Stack): (view: string, state: ViewState) => void {
  return (view, state) => {
    metrics.sinkViews.add({ view, state });
    if (state === 'rebuilt') logger.warn({ view }, 'a view had missed a range and was given it');
    if (state === 'unknown')
      logger.error(
        { view },
        'it cannot be told whether a view has a range that was stored long ago: compare it by hand',
      );
  };
}
