// A stream that has lag and makes no progress gets a new client, whatever its heartbeats say; one that is only idle,
// or whose world is unwell, does not.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';
import { describeStall, type Stall } from '../../../streams/loop/stalls.ts';
import type { WatchOptions } from '../../../streams/loop/watchdog.ts';
import { reached, texts } from '../../contract/log/subject.ts';
import { silentLog } from './silent-log.ts';
import { committedOf, type Delivered, echo, filledLog, keeping, start } from './subject.ts';

const stallMs = 800;

/** A watch that writes down what it is told. */
function watching() {
  const looks: (readonly Stall[])[] = [];
  const restarts: (readonly Stall[])[] = [];
  const unseen: unknown[] = [];
  const watch: WatchOptions = {
    stallMs,
    looked: (_stream, stalls) => looks.push(stalls),
    restarting: (_stream, stalls) => restarts.push(stalls),
    unseen: (_stream, error) => unseen.push(error),
  };
  return { watch, looks, restarts, unseen, now: () => looks.at(-1) ?? [] };
}

async function silentPlace(t: TestContext, partitions = 1) {
  const place = await filledLog(t, { partitions, count: 10 });
  const silent = silentLog(place.log);
  const publish = (name: string, count = 10) =>
    place.log.publish([{ topic: place.topic, records: texts(name, count, 31) }]);
  return { ...place, real: place.log, log: silent.log, silent, publish };
}

test('a client that falls silent is replaced until the stream goes on, and nothing is lost or repeated', async (t) => {
  const place = await silentPlace(t, 2);
  const delivered: Delivered[] = [];
  const { watch, restarts, looks, now } = watching();
  const { subscription } = await start(place, { delivery: keeping(delivered) }, { watch });
  await reached(() => delivered.length === 10);
  // The clients after it are silent as well, twice.
  place.silent.silence(place.group, 2);
  await place.publish('later');
  await reached(() => now().length > 0);
  const [stall] = now();
  assert.ok(stall!.lag > 0 && !stall!.running && stall!.unwell === null);
  assert.match(describeStall('tested', stall!), /has lag \d+ and no progress for \d+ s; it is silent/);
  await reached(() => delivered.length === 20);
  await reached(() => now().length === 0);
  assert.ok(restarts.length >= 3);
  assert.equal(place.silent.opened.get(place.group)!.length, restarts.length + 1);
  assert.ok(looks.length > 3);
  assert.equal(new Set(delivered.map(({ value }) => value)).size, 20);
  await subscription.close();
  await subscription.done;
  assert.equal(
    (await committedOf(place)).reduce((sum, offset) => sum + offset, 0),
    20,
  );
});

test('a delivery that hangs is abandoned and done again by the next client', async (t) => {
  const place = await silentPlace(t);
  const delivered: Delivered[] = [];
  const { watch, restarts } = watching();
  let hangs = 1;
  const { subscription, budget } = await start(
    place,
    {
      delivery: keeping(delivered, () => {
        hangs -= 1;
        return hangs >= 0 ? new Promise(() => {}) : Promise.resolve();
      }),
    },
    { watch },
  );
  await reached(() => delivered.length === 10);
  assert.ok(restarts.length >= 1);
  assert.equal(restarts[0]![0]!.running, true);
  await reached(() => budget.bytes === 0);
  await subscription.close();
});

test('slow work that is taken for hung gets the time it takes in the end', async (t) => {
  const place = await silentPlace(t);
  const delivered: Delivered[] = [];
  const { watch, restarts } = watching();
  const { subscription } = await start(
    place,
    {
      async process(batch, records) {
        await sleep(4 * stallMs);
        return echo(batch, records);
      },
      delivery: keeping(delivered),
    },
    { watch },
  );
  await reached(() => delivered.length === 10);
  assert.ok(restarts.length >= 1);
  await subscription.close();
});

test('a stream whose world is unwell is stalled, says why, and keeps its client', async (t) => {
  const place = await silentPlace(t);
  const delivered: Delivered[] = [];
  const { watch, restarts, now } = watching();
  let down = true;
  const { subscription } = await start(
    place,
    {
      delivery: keeping(delivered, async () => {
        if (down) throw new Retryable('ClickHouse refuses connections', { code: 'clickhouse-unreachable' });
      }),
    },
    { watch },
  );
  await reached(() => now().length > 0);
  assert.match(describeStall('sinks', now()[0]!), /tried again: ClickHouse refuses connections/);
  await sleep(3 * stallMs);
  assert.deepEqual(restarts, []);
  down = false;
  await reached(() => delivered.length === 10 && now().length === 0);
  await subscription.close();
});

test('an idle stream, an empty one and other groups are nobody’s stall', async (t) => {
  const place = await silentPlace(t);
  const { watch, restarts, looks } = watching();
  const delivered: Delivered[] = [];
  const { subscription } = await start(place, { delivery: keeping(delivered) }, { watch });
  await reached(() => delivered.length === 10);
  // A group that reads nothing and has lag.
  const idle = await place.real.subscribe(
    { ...(await idleOptions(place)), group: `${place.group}-idle` },
    () => new Promise(() => {}),
  );
  const before = looks.length;
  await reached(() => looks.length > before + 8);
  assert.ok(looks.every((stalls) => stalls.length === 0));
  assert.deepEqual(restarts, []);
  await idle.close();
  await subscription.close();
});

const idleOptions = async (place: { readonly topic: string; readonly group: string }) => ({
  group: place.group,
  topics: [place.topic],
  concurrency: 1,
  fetchWaitMs: 0,
  fetchBytesMin: 1,
  partitionBytesMax: 1_000,
  sessionTimeoutMs: 300,
});

test('offsets without records, as transactions and compaction leave them, are no lag', async (t) => {
  const place = await silentPlace(t);
  const { watch, looks, restarts } = watching();
  const delivered: Delivered[] = [];
  // The log claims one more offset than there are records, for good.
  const claiming = new Proxy(place.log, {
    get(target, name) {
      if (name === 'ranges')
        return async (topics: readonly string[]) =>
          (await target.ranges(topics)).map((range) => ({ ...range, end: range.end + 1 }));
      if (name === 'read') return async function* () {};
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { subscription } = await start(
    { ...place, log: claiming },
    { delivery: keeping(delivered) },
    { watch },
  );
  await reached(() => delivered.length === 10);
  const before = looks.length;
  await reached(() => looks.length > before + 12);
  assert.ok(looks.every((stalls) => stalls.length === 0));
  assert.deepEqual(restarts, []);
  await subscription.close();
});

test('what stops the stream still rejects its end, also after a restart', async (t) => {
  const place = await silentPlace(t);
  const { watch, restarts } = watching();
  const delivered: Delivered[] = [];
  const { subscription } = await start(
    place,
    {
      delivery: keeping(delivered, async () => {
        if (restarts.length > 0)
          throw new Misconfigured('the table is gone', { code: 'gone', fix: 'create it' });
      }),
    },
    { watch },
  );
  await reached(() => delivered.length === 10);
  place.silent.silence(place.group);
  await place.publish('later');
  await assert.rejects(subscription.done, { code: 'gone' });
  await subscription.close();
});

test('a client that cannot be opened is tried again while the log is unwell; closing ends that', async (t) => {
  const place = await silentPlace(t);
  const { watch, unseen, restarts } = watching();
  const delivered: Delivered[] = [];
  let refuses = false;
  const refusing = new Proxy(place.log, {
    get(target, name) {
      if (name === 'subscribe' && refuses)
        return async () => {
          throw new Retryable('no broker', { code: 'kafka-unreachable' });
        };
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { subscription } = await start(
    { ...place, log: refusing },
    { delivery: keeping(delivered) },
    { watch },
  );
  await reached(() => delivered.length === 10);
  place.silent.silence(place.group);
  refuses = true;
  await place.publish('later');
  await reached(() => unseen.length > 2);
  assert.equal(restarts.length, 1);
  assert.deepEqual(subscription.assigned(), []);
  refuses = false;
  await reached(() => delivered.length === 20);
  place.silent.silence(place.group);
  refuses = true;
  await place.publish('last');
  const seen = unseen.length;
  await reached(() => unseen.length > seen);
  await subscription.close();
  await subscription.done;
});
