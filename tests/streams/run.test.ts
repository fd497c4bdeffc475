// The loop under stress, on the embedded log: work that hangs, fails, poisons or outlives its partition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import { invalid, type Outcome, ok } from '../../schemas/outcome.ts';
import { TooManyInvalid } from '../../streams/loop/breaker.ts';
import { Budget } from '../../streams/loop/budget.ts';
import { reached, texts } from '../contract/log/subject.ts';
import { committedOf, type Delivered, echo, filledLog, keeping, start, textIn } from './loop/subject.ts';

const never = () => new Promise<never>(() => {});

test('a processor that never returns holds up no close, gives its bytes back and delivers nothing later', async (t) => {
  const place = await filledLog(t, { count: 5 });
  const delivered: Delivered[] = [];
  const abandoned: string[] = [];
  let answer = (_: readonly Outcome<string>[]) => {};
  const { subscription, budget } = await start(
    place,
    {
      process: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      delivery: keeping(delivered),
    },
    {
      observer: {
        chunkDone: () => {},
        retried: () => {},
        assigned: () => {},
        abandoned: (stream, _topic, partition) => abandoned.push(`${stream} ${partition}`),
      },
    },
  );
  await reached(() => budget.bytes > 0);
  await subscription.close();
  await subscription.done;
  assert.deepEqual(abandoned, ['tested 0']);
  assert.equal(budget.bytes, 0);
  answer(texts('m', 5).map(({ value }) => ok(String(value))));
  await sleep(50);
  assert.deepEqual(delivered, []);
  assert.deepEqual(await committedOf(place), []);
});

test('a delivery that never returns holds up no rebalance, and is fenced when it wakes', async (t) => {
  const place = await filledLog(t, { partitions: 2, count: 40 });
  let wake = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let refusal: unknown;
  const delivery = keeping([]);
  const first = await start(place, {
    delivery: {
      ...delivery,
      async deliver(chunk) {
        await asleep;
        await chunk.batch.commit(chunk.end, 'from the grave').catch((error: unknown) => {
          refusal ??= error;
          throw error;
        });
      },
    },
  });
  await reached(() => first.subscription.assigned().length === 2);
  const delivered: Delivered[] = [];
  const second = await start(place, { delivery: keeping(delivered) });
  await reached(() => delivered.length > 0);
  const moved = second.subscription.assigned()[0]!.partition;
  assert.ok(delivered.every(({ partition }) => partition === moved));
  await first.subscription.close();
  await reached(() => delivered.length === 40);
  wake();
  await reached(() => refusal !== undefined);
  assert.ok(refusal instanceof Fenced);
  await second.subscription.close();
  const positions = await place.log.positions(place.group, [place.topic]);
  assert.ok(positions.every(({ metadata }) => metadata === ''));
});

test('heartbeats go on beside long work: it takes several sessions, keeps its partition and commits', async (t) => {
  const place = await filledLog(t, { count: 5 });
  const delivered: Delivered[] = [];
  let calls = 0;
  const { subscription } = await start(place, {
    async process(batch, records) {
      calls += 1;
      await sleep(2_000);
      return echo(batch, records);
    },
    delivery: keeping(delivered),
  });
  await reached(() => delivered.length === 5);
  assert.equal(calls, 1);
  await subscription.close();
  assert.deepEqual(await committedOf(place), [5]);
});

test('one poisonous message becomes a dead letter; its chunk and what comes after go on, in order', async (t) => {
  const place = await filledLog(t, { count: 95 });
  const delivered: Delivered[] = [];
  const isolated: number[] = [];
  const { subscription } = await start(
    place,
    {
      async process(batch, records) {
        if (records.some((record) => textIn(record) === 'm-42')) throw new RangeError('invalid array length');
        return echo(batch, records);
      },
      delivery: keeping(delivered),
    },
    {
      observer: {
        chunkDone: () => {},
        retried: () => {},
        assigned: () => {},
        isolated: (_stream, _batch, { offset }) => isolated.push(offset),
      },
    },
  );
  await reached(() => delivered.length === 95);
  await subscription.close();
  assert.deepEqual(
    delivered.map(({ value }) => value),
    texts('m', 95).map(({ value }) => String(value)),
  );
  assert.deepEqual(
    delivered.filter(({ kind }) => kind === 'invalid').map(({ value }) => value),
    ['m-42'],
  );
  assert.deepEqual(isolated, [42]);
});

test('what is retryable is tried until it works and never becomes a dead letter', async (t) => {
  const place = await filledLog(t, { count: 30 });
  const delivered: Delivered[] = [];
  let failures = 0;
  const unwell = async () => {
    failures += 1;
    if (failures % 4 !== 0) throw new Retryable('not now', { code: 'unwell' });
  };
  const { subscription } = await start(place, {
    async process(batch, records) {
      await unwell();
      return echo(batch, records);
    },
    delivery: keeping(delivered, unwell),
  });
  await reached(() => delivered.length === 30);
  await subscription.close();
  assert.ok(failures > 20);
  assert.ok(delivered.every(({ kind }) => kind === 'ok'));
});

test('a bug stops the stream with its own error, and nothing is committed', async (t) => {
  const place = await filledLog(t, { count: 30 });
  const delivered: Delivered[] = [];
  const { subscription } = await start(place, {
    process: async () => {
      throw new TypeError('undefined is not a function');
    },
    delivery: keeping(delivered),
  });
  await assert.rejects(subscription.done, /undefined is not a function/);
  await subscription.close();
  assert.deepEqual([delivered, await committedOf(place)], [[], []]);
});

test('the breaker stops the stream with nothing of the chunk committed, and restarts drain nothing', async (t) => {
  const place = await filledLog(t, { count: 100 });
  await place.log.publish([{ topic: place.topic, records: texts('garbage', 400) }]);
  const delivered: Delivered[] = [];
  const process = async (
    _: unknown,
    records: Parameters<typeof echo>[1],
  ): Promise<readonly Outcome<string>[]> =>
    records.map((record) =>
      textIn(record).startsWith('garbage') ? invalid('malformed-json', 'no') : ok(textIn(record)),
    );
  const options = { invalidWindowRecords: 100 };
  const first = await start(place, { process, delivery: keeping(delivered) }, options);
  await assert.rejects(first.subscription.done, TooManyInvalid);
  await first.subscription.close();
  const letters = () => delivered.filter(({ kind }) => kind === 'invalid').length;
  const afterFirst = letters();
  assert.ok(afterFirst <= 50, `${afterFirst} dead letters in a window of 100`);
  assert.deepEqual(await committedOf(place), [100 + afterFirst]);
  // Over a backlog, chunks are whole, and the first one stops the stream again.
  for (let restart = 0; restart < 5; restart += 1) {
    const again = await start(
      place,
      { process, delivery: keeping(delivered), limits: { recordsMax: 100, bytesMax: 100_000 } },
      options,
    );
    await assert.rejects(again.subscription.done, TooManyInvalid);
    await again.subscription.close();
  }
  assert.equal(letters(), afterFirst);
});

test('a partition that retries for ever starves no other partition and no other stream', async (t) => {
  const place = await filledLog(t, { partitions: 4, count: 400 });
  const budget = new Budget(5_000);
  const delivered: Delivered[] = [];
  const stuck = new Set([0, 2]);
  const { subscription } = await start(
    place,
    {
      delivery: keeping(delivered, async ({ batch }) => {
        if (stuck.has(batch.partition)) throw new Retryable('down for hours', { code: 'unwell' });
      }),
    },
    { budget },
  );
  const elsewhere: Delivered[] = [];
  const other = await start(
    { ...place, group: `${place.group}-other` },
    { name: 'other', delivery: keeping(elsewhere) },
    { budget },
  );
  const ranges = await place.log.ranges([place.topic]);
  const healthy = ranges
    .filter(({ partition }) => !stuck.has(partition))
    .reduce((sum, { end }) => sum + end, 0);
  assert.ok(ranges.every(({ end }) => end > 10));
  await reached(() => delivered.length === healthy && elsewhere.length === 400);
  stuck.clear();
  await reached(() => delivered.length === 400);
  await Promise.all([subscription.close(), other.subscription.close()]);
  assert.equal(budget.bytes, 0);
});

test('what is processed when the partition is taken away is dropped, and retries end at once', async (t) => {
  const place = await filledLog(t, { count: 10 });
  const delivered: Delivered[] = [];
  let processed = false;
  const slow = await start(place, {
    async process(batch, records) {
      while (!batch.revoked.aborted) await sleep(5);
      processed = true;
      return echo(batch, records);
    },
    delivery: keeping(delivered),
  });
  await reached(() => slow.budget.bytes > 0);
  await slow.subscription.close();
  assert.ok(processed);
  let tries = 0;
  const failing = await start(
    place,
    {
      process: async () => {
        tries += 1;
        throw new Retryable('down', { code: 'unwell' });
      },
    },
    { retryDelayMs: 1_000_000, retryDelayMaxMs: 1_000_000 },
  );
  await reached(() => tries === 1);
  await failing.subscription.close();
  await failing.subscription.done;
  assert.equal(tries, 1);
  assert.deepEqual([delivered, await committedOf(place)], [[], []]);
});

test('who is fenced while the partition stays is stopped loudly, not skipped over', async (t) => {
  const place = await filledLog(t, { count: 10 });
  const { subscription } = await start(place, {
    delivery: keeping([], async () => {
      throw new Fenced('a transactional id has a new holder');
    }),
  });
  await assert.rejects(subscription.done, Fenced);
  await subscription.close();
  assert.deepEqual(await committedOf(place), []);
});

test('closing while chunks wait for bytes ends', async (t) => {
  const place = await filledLog(t, { partitions: 3, count: 300 });
  const { subscription, budget } = await start(
    place,
    { delivery: keeping([], never) },
    { budget: new Budget(1) },
  );
  await reached(() => budget.bytes > 0);
  await subscription.close();
  assert.equal(budget.bytes, 0);
});
