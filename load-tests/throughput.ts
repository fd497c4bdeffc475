// Speed: a topic is filled first, then the system starts and works it off; the loader costs nothing while it does.
import { setTimeout as sleep } from 'node:timers/promises';
import { totalLag } from '../streams/lag.ts';
import type { Stack } from '../streams/stack.ts';
import { startSystem } from '../streams/system.ts';
import { commentRecord, loadTexts } from './comments.ts';
import { stageShares } from './stages.ts';

const batchRecords = 1_000;

export async function measureThroughput(stack: Stack, records: number) {
  const { log, now } = stack;
  await drain(stack);
  const texts = await loadTexts();
  const run = now().toString(36);
  for (let start = 0; start < records; start += batchRecords) {
    const batch = Array.from({ length: Math.min(batchRecords, records - start) }, (_, index) =>
      commentRecord(texts, run, start + index, now()),
    );
    await log.publish([{ topic: 'comments', records: batch }]);
  }
  const before = await ended(stack, 'scores');
  const storedBefore = await stored(stack);
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const system = await startSystem(stack, { driftByClock: false });
  let scoredAt = 0;
  for (;;) {
    if (scoredAt === 0 && (await ended(stack, 'scores')) - before >= records) scoredAt = performance.now();
    if (scoredAt > 0 && (await stored(stack)) - storedBefore >= records) break;
    await sleep(50);
  }
  const storedAt = performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  const stageShare = await stageShares(stack.metrics);
  await system.close();
  return {
    records,
    scoredPerSecond: Math.round(records / ((scoredAt - started) / 1_000)),
    storedPerSecond: Math.round(records / ((storedAt - started) / 1_000)),
    cpuSecondsPer100k: Math.round(((cpu.user + cpu.system) / 1e6 / records) * 1e5 * 100) / 100,
    stageShare,
  };
}

async function ended({ log }: Stack, topic: string): Promise<number> {
  return (await log.ranges([topic])).reduce((sum, { end }) => sum + end, 0);
}

/** All rows of `scores`; ClickHouse answers that from its parts’ metadata, at no cost to what is measured. */
async function stored({ clickhouse }: Stack): Promise<number> {
  const [row] = await clickhouse.query<{ rows: number }>('SELECT toUInt32(count()) AS rows FROM scores');
  return row!.rows;
}

/** What an earlier run left unread on a shared Kafka is not this run’s work. */
async function drain(stack: Stack): Promise<void> {
  const system = await startSystem(stack, { driftByClock: false });
  while ((await totalLag(stack.log)) > 0) await sleep(50);
  await system.close();
}
