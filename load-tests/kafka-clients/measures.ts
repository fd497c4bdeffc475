// What is measured of one client, through the log port: publishing, consuming, latency, a rebalance.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Log, LogRecord, SubscribeOptions } from '../../connectors/log.ts';
import { Fenced } from '../../schemas/errors.ts';
import { Percentiles } from '../../streams/percentiles.ts';

const partitions = 4;
const publishRecords = 1_000;
const valueBytes = 200;
const latencyRate = 500;
const latencySeconds = 8;
const rebalanceRate = 2_000;
const rebalanceSeconds = 10;
const waitMs = 60_000;

export const newTopic = async (log: Log): Promise<string> => {
  const name = `kafka-clients-${randomUUID()}`;
  await log.createTopics([{ name, partitions }]);
  return name;
};

const subscribing = (topic: string, group = randomUUID()): SubscribeOptions => ({
  group,
  topics: [topic],
  concurrency: partitions,
  fetchWaitMs: 100,
  fetchBytesMin: 1,
  partitionBytesMax: 1_048_576,
  sessionTimeoutMs: 10_000,
});

const padding = Buffer.alloc(valueBytes, 'x');

function recordOf(number: number): LogRecord {
  const value = Buffer.from(padding);
  value.writeDoubleLE(number, 0);
  value.writeDoubleLE(performance.now(), 8);
  const headers = { traceparent: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') };
  return { key: Buffer.from(`key-${number % 997}`), value, headers, timestamp: Date.now() };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${waitMs} ms in vain for ${what}`);
    await sleep(2);
  }
}

/** Runs work that handles `count` records: thousands a second, and processor seconds per million. */
async function timed(count: number, work: () => Promise<void>) {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  await work();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { kPerSecond: count / seconds / 1_000, cpuPerMillion: (user + system) / count };
}

/** Publishes in calls of 1,000 records, four at once. */
export function measureProduce(log: Log, topic: string, count: number) {
  const records = Array.from({ length: count }, (_, number) => recordOf(number));
  let next = 0;
  const publisher = async () => {
    while (next < count) {
      const from = next;
      next += publishRecords;
      await log.publish([{ topic, records: records.slice(from, from + publishRecords) }]);
    }
  };
  return timed(count, async () => {
    await Promise.all(Array.from({ length: partitions }, publisher));
  });
}

/** Consumes a topic from its start, looking at every record and committing every batch. */
export function measureConsume(log: Log, topic: string, count: number) {
  let seen = 0;
  let sum = 0;
  return timed(count, async () => {
    const subscription = await log.subscribe(subscribing(topic), async (batch) => {
      for (const { value } of batch.records) sum += value![16]!;
      seen += batch.records.length;
      await batch.commit(batch.records.at(-1)!.offset + 1, '');
    });
    await until(() => seen >= count, 'everything to be consumed');
    if (sum !== seen * 'x'.charCodeAt(0)) throw new Error('records came back changed');
    await subscription.close();
  });
}

/** Milliseconds from a publish to the handler, at 500 a second, one record per call. */
export async function measureLatency(log: Log) {
  const topic = await newTopic(log);
  const latency = new Percentiles();
  const total = latencyRate * latencySeconds;
  let seen = 0;
  const subscription = await log.subscribe(subscribing(topic), async ({ records }) => {
    for (const { value } of records) {
      const sentAt = value!.readDoubleLE(8);
      if (value!.readDoubleLE(0) > total / 5) latency.add(performance.now() - sentAt);
      seen += 1;
    }
  });
  await steadily(log, topic, latencyRate, latencySeconds);
  await until(() => seen >= total, 'the last records');
  await subscription.close();
  return { p50: latency.at(0.5), p99: latency.at(0.99) };
}

async function steadily(log: Log, topic: string, rate: number, seconds: number): Promise<void> {
  const started = performance.now();
  const publishes: Promise<unknown>[] = [];
  for (let number = 0; number < rate * seconds; ) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - started) * rate) / 1_000));
    for (; number < due; number++) publishes.push(log.publish([{ topic, records: [recordOf(number)] }]));
    await sleep(2);
  }
  await Promise.all(publishes);
}

/**
 * A second member joins a third of the way through a steady stream and leaves after two thirds: the longest time that
 * any partition, and that the least disturbed one, stood still, and records handled twice. Members share a process.
 */
export async function measureRebalance(log: Log, open: () => Promise<Log>) {
  const topic = await newTopic(log);
  const options = subscribing(topic);
  const handledAt = new Map<number, number>();
  const gaps = new Map<number, number>();
  const times = new Map<number, number>();
  const handle = async (batch: Batch): Promise<void> => {
    const now = performance.now();
    const before = handledAt.get(batch.partition) ?? now;
    gaps.set(batch.partition, Math.max(gaps.get(batch.partition) ?? 0, now - before));
    handledAt.set(batch.partition, now);
    for (const { value } of batch.records) {
      const number = value!.readDoubleLE(0);
      times.set(number, (times.get(number) ?? 0) + 1);
    }
    await batch.commit(batch.records.at(-1)!.offset + 1, '').catch((error: unknown) => {
      if (!(error instanceof Fenced)) throw error;
    });
  };
  const first = await log.subscribe(options, handle);
  const other = await open();
  const publishing = steadily(log, topic, rebalanceRate, rebalanceSeconds);
  await sleep((rebalanceSeconds * 1_000) / 3);
  const second = await other.subscribe(options, handle);
  await sleep((rebalanceSeconds * 1_000) / 3);
  await second.close();
  await publishing;
  await until(() => times.size >= rebalanceRate * rebalanceSeconds, 'every record to be handled');
  await first.close();
  await other.close();
  const still = [...gaps.values()].sort((a, b) => a - b);
  const twice = [...times.values()].reduce((sum, count) => sum + count - 1, 0);
  return { longestStillMs: still.at(-1)!, shortestStillMs: still[0]!, twice };
}
