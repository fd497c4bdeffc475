// What the log’s contract tests share: names nobody else has, records, and patience.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogRecord, StoredRecord, SubscribeOptions } from '../../../connectors/log.ts';

/** A topic or group name that no other test and no earlier run has used. */
export const newName = (what: string): string => `test-${what}-${randomUUID()}`;

/** A record with text for key and value; the timestamp is fixed unless given. */
export function record(key: string | null, value: string | null, timestamp = Date.now()): LogRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: {},
    timestamp,
  };
}

/** Records `<prefix>-0` … with keys `k0` … `k<keys - 1>` in turn. */
export function texts(prefix: string, count: number, keys = 7): LogRecord[] {
  return Array.from({ length: count }, (_, index) => record(`k${index % keys}`, `${prefix}-${index}`));
}

/** Subscription options for one topic, tuned for small tests. */
export function subscribing(
  group: string,
  topic: string,
  options: Partial<SubscribeOptions> = {},
): SubscribeOptions {
  return {
    group,
    topics: [topic],
    concurrency: 1,
    fetchWaitMs: 100,
    fetchBytesMin: 1,
    partitionBytesMax: 1_048_576,
    sessionTimeoutMs: 10_000,
    ...options,
  };
}

/** Waits until `condition` holds; fails after `timeoutMs`, which is generous because brokers rebalance slowly. */
export async function reached(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited ${timeoutMs} ms in vain for ${condition}`);
    await sleep(10);
  }
}

export const textOf = (stored: StoredRecord): string => String(stored.value);

/** Everything a topic holds now, as `[partition, record]` in the order of each partition. */
export async function allRecords(log: Log, topic: string): Promise<(readonly [number, StoredRecord])[]> {
  const ranges = await log.ranges([topic]);
  const held = ranges.filter((range) => range.end > range.start);
  const from = new Map(held.map((range) => [range.partition, range.start]));
  const to = new Map(held.map((range) => [range.partition, range.end]));
  const found: (readonly [number, StoredRecord])[] = [];
  for await (const { partition, records } of log.read(topic, { from, to }))
    for (const stored of records) found.push([partition, stored]);
  return found;
}

/** Sum of a group’s committed offsets in a topic: how many records it has done when the topic starts at 0. */
export async function committedTotal(log: Log, group: string, topic: string): Promise<number> {
  const positions = await log.positions(group, [topic]);
  return positions.reduce((sum, position) => sum + position.offset, 0);
}
