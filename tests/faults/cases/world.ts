// The world around the streams falls ill: ClickHouse, Kafka, Redis, the disk, the clock.
import { statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { both, type FaultCase, neither } from '../case.ts';
import type { Trouble } from '../http-proxy.ts';

/** A healthy stream, then the trouble for a while, then what was before. */
async function trouble(bench: Bench, kind: Trouble, seconds: number): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(3);
  await bench.clickhouse.proxy.set(kind);
  await bench.wait(seconds);
  bench.expect(bench.lastWorker.alive, 'the worker must live through it');
  await bench.clickhouse.proxy.set({ kind: 'none' });
  await bench.recover();
  const { troubled, lostAnswers } = bench.clickhouse.proxy;
  if (kind.kind !== 'down') bench.expect(troubled > 0, 'no request met the trouble');
  if (troubled > 0) bench.notes.push(`${troubled} requests in trouble, ${lostAnswers} answers lost`);
  await bench.wait(2);
}

/** Inserts are applied and their answers lost: first by broken connections, then (long) by silence past the timeout. */
async function loseAnswers(bench: Bench): Promise<void> {
  await trouble(bench, { kind: 'lose-answers', every: 2, holdMs: 0 }, bench.span(15, 6));
  bench.expect(bench.clickhouse.proxy.lostAnswers > 1, 'fewer than two answers were lost');
  if (bench.options.short) return;
  await bench.clickhouse.proxy.set({ kind: 'lose-answers', every: 1, holdMs: 120_000 });
  await bench.wait(75);
  await bench.clickhouse.proxy.set({ kind: 'none' });
  await bench.recover();
}

async function killClickhouse(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(3);
  for (let kills = 0; kills < bench.span(5, 2); kills += 1) {
    await bench.clickhouse.kill();
    await bench.wait(kills % 3);
    await bench.clickhouse.start();
    await bench.recover();
    await bench.wait(2);
  }
  bench.expect(bench.lastWorker.alive, 'the worker must live through it');
}

async function restartBroker(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(4);
  for (let restarts = 0; restarts < bench.span(3, 1); restarts += 1) {
    await bench.broker.kill();
    await bench.wait(bench.span(5, 2));
    await bench.broker.start();
    await bench.recover();
    await bench.wait(3);
  }
}

/** Connections stay open and nothing comes: what no refused connection tells. */
async function freezeBroker(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(4);
  bench.broker.signal('SIGSTOP');
  await bench.wait(bench.span(45, 12));
  bench.broker.signal('SIGCONT');
  await bench.recover();
  await bench.wait(3);
}

const ballastBytes = 1_048_576;

/** Fills the file system to its last block, waits, and makes room again. */
async function fillDisk(bench: Bench): Promise<void> {
  await bench.startWorker();
  const injector = bench.inject();
  await bench.until('a first row', 60, async () => ((await bench.finished()) ?? 0) > 0);
  const ballast = join(bench.dataDirectory, 'ballast');
  const refusedBefore = injector.refused;
  const end = Date.now() + bench.span(20, 8) * 1_000;
  while (Date.now() < end) {
    fill(ballast, bench.dataDirectory);
    await bench.wait(0.2);
  }
  bench.expect(injector.refused > refusedBefore, 'the disk was not full: everything was acknowledged');
  bench.notes.push(`${injector.refused - refusedBefore} messages refused while the disk was full`);
  const survived = bench.lastWorker.alive;
  await rm(ballast);
  bench.expect(survived, `the worker must live through it: ${bench.lastWorker.how()}`);
  // What it has lost is judged all the same, once somebody has started it again.
  if (!survived) await bench.startWorker({}, false);
  await bench.recover();
  await bench.wait(2);
}

function fill(ballast: string, directory: string): void {
  for (;;) {
    const { bavail, bsize } = statfsSync(directory);
    const bytes = Math.min(ballastBytes, bavail * bsize);
    if (bytes === 0) return;
    try {
      writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      return;
    }
  }
}

async function shiftClock(bench: Bench, hours: number): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(3);
  bench.worker.shiftClock(hours * 3_600_000);
  await bench.wait(bench.span(20, 6));
  // A kill while the clock is wrong: its journal says when, by that clock.
  await bench.worker.kill();
  await bench.startWorker({}, false);
  await bench.recover();
  bench.worker.shiftClock(hours * 3_600_000);
  await bench.wait(3);
  bench.worker.shiftClock(0);
  await bench.recover();
}

const proxied = (
  name: string,
  what: string,
  act: FaultCase['act'],
  short: FaultCase['short'],
): FaultCase => ({
  name,
  what,
  modes: both,
  short,
  withServer: true,
  act,
});

const overloaded = { kind: 'refuse', code: 252, message: 'Too many parts (300). (TOO_MANY_PARTS)' } as const;

export const worldCases: readonly FaultCase[] = [
  proxied(
    'clickhouse-down',
    'ClickHouse refuses connections',
    (bench) => trouble(bench, { kind: 'down' }, bench.span(30, 6)),
    ['kafka'],
  ),
  proxied(
    'clickhouse-hanging',
    'ClickHouse takes requests and never answers',
    (bench) => trouble(bench, { kind: 'hang' }, bench.span(30, 6)),
    neither,
  ),
  proxied(
    'clickhouse-slow',
    'every answer of ClickHouse takes 3 s longer',
    (bench) => trouble(bench, { kind: 'slow', delayMs: 3_000 }, bench.span(30, 8)),
    neither,
  ),
  proxied(
    'clickhouse-refusing',
    'ClickHouse answers “too many parts” to everything',
    (bench) => trouble(bench, overloaded, bench.span(30, 6)),
    neither,
  ),
  proxied('clickhouse-timeout-after-apply', 'inserts are applied and their answers lost', loseAnswers, both),
  proxied('clickhouse-killed', 'kill -9 of ClickHouse, again and again', killClickhouse, ['kafka']),
  {
    name: 'broker-restart',
    what: 'kill -9 of the broker, and a new start on its data',
    modes: ['kafka'],
    short: ['kafka'],
    act: restartBroker,
  },
  {
    name: 'broker-frozen',
    what: 'the broker is stopped by SIGSTOP: connections stay, nothing answers',
    modes: ['kafka'],
    short: neither,
    act: freezeBroker,
  },
  {
    name: 'disk-full',
    what: 'no byte is left on the disk of the embedded stack, then there is room again',
    modes: ['embedded'],
    short: ['embedded'],
    diskMiB: 640,
    act: fillDisk,
  },
  {
    name: 'clock-plus-1h',
    what: 'the worker’s clock jumps an hour ahead of ClickHouse’s, and back; kill -9 in between',
    modes: both,
    short: neither,
    act: (bench) => shiftClock(bench, 1),
  },
  {
    name: 'clock-minus-1h',
    what: 'the worker’s clock jumps an hour behind ClickHouse’s, and back; kill -9 in between',
    modes: both,
    short: ['embedded'],
    act: (bench) => shiftClock(bench, -1),
  },
  {
    name: 'redis-flushed',
    what: 'FLUSHALL every second',
    modes: both,
    short: neither,
    withRedis: true,
    act: flushRedis,
  },
  {
    name: 'redis-killed',
    what: 'kill -9 of Redis, and a new start',
    modes: both,
    short: neither,
    withRedis: true,
    act: killRedis,
  },
];

async function flushRedis(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  for (let seconds = 0; seconds < bench.span(15, 5); seconds += 1) {
    await bench.wait(1);
    await bench.redis.flush();
  }
  await bench.recover();
}

async function killRedis(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(3);
  await bench.redis.kill();
  await bench.wait(bench.span(20, 5));
  await bench.recover();
  await bench.redis.start();
  await bench.recover();
}
