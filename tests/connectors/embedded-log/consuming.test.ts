// What the embedded log promises its consumers beyond the port’s contract: bounds on batches, patience for large
// ones, sessions, and an event loop that stays free.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Log } from '../../../connectors/log.ts';
import { Fenced } from '../../../schemas/errors.ts';
import { committedTotal, reached, record, subscribing, textOf, texts } from '../../contract/log/subject.ts';
import { logs } from './subject.ts';

async function opened(t: TestContext, partitions = 1): Promise<Log> {
  const log = await logs(t).open();
  await log.createTopics([{ name: 't', partitions }]);
  return log;
}

describe('a batch', () => {
  it('stays below `partitionBytesMax`, but has at least one record', async (t) => {
    const log = await opened(t);
    const sizes = [100, 100, 100, 5_000, 100, 100, 900, 950];
    const records = sizes.map((size, n) => record('k', `${n}`.padEnd(size, 'x')));
    await log.publish([{ topic: 't', records }]);
    for (const one of records) await log.publish([{ topic: 't', records: [one] }]);
    const batches: number[][] = [];
    const options = subscribing('g', 't', { partitionBytesMax: 1_000 });
    const subscription = await log.subscribe(options, async (batch) => {
      batches.push(batch.records.map(({ value }) => value!.length));
    });
    await reached(() => batches.flat().length === 2 * sizes.length);
    await subscription.close();
    assert.deepEqual(batches.flat(), [...sizes, ...sizes]);
    for (const batch of batches)
      assert.ok(batch.length === 1 || batch.reduce((sum, size) => sum + size, 0) <= 1_000, `${batch}`);
    assert.ok(batches.some((batch) => batch.length > 1));
  });

  it('waits for `fetchBytesMin`, and not longer than `fetchWaitMs`', async (t) => {
    const log = await opened(t);
    const batches: string[][] = [];
    const options = { fetchBytesMin: 20_000, fetchWaitMs: 60_000 };
    const patient = await log.subscribe(subscribing('patient', 't', options), async (batch) => {
      batches.push(batch.records.map(textOf));
    });
    const quick = await log.subscribe(
      subscribing('quick', 't', { ...options, fetchWaitMs: 50 }),
      async (batch) => {
        await batch.commit(batch.records.at(-1)!.offset + 1, '');
      },
    );
    for (let n = 0; n < 10; n++) await log.publish([{ topic: 't', records: [record('k', `${n}`)] }]);
    await reached(async () => (await committedTotal(log, 'quick', 't')) === 10);
    assert.equal(batches.length, 0);
    await log.publish([{ topic: 't', records: [record('k', 'x'.repeat(20_000))] }]);
    await reached(() => batches.length > 0);
    assert.equal(batches[0]?.length, 11);
    await Promise.all([patient.close(), quick.close()]);
  });

  it('comes when the event loop has had its turn', async (t) => {
    const log = await opened(t, 4);
    await log.publish([{ topic: 't', records: texts('m', 4_000, 50) }]);
    let [count, turns] = [0, 0];
    const turn = (): void => {
      turns++;
      if (count < 4_000) setTimeout(turn, 0);
    };
    turn();
    const options = subscribing('g', 't', { partitionBytesMax: 100, concurrency: 4 });
    const subscription = await log.subscribe(options, async (batch) => {
      count += batch.records.length;
    });
    await reached(() => count === 4_000);
    await subscription.close();
    assert.ok(turns > 10, `timers ran ${turns} times`);
  });
});

describe('a place', () => {
  it('out of range is the nearest one in it', async (t) => {
    const log = await opened(t);
    await log.publish([{ topic: 't', records: texts('m', 5) }]);
    const seen: string[] = [];
    const subscription = await log.subscribe(subscribing('g', 't'), async (batch) => {
      seen.push(...batch.records.map(textOf));
      await batch.commit(1_000, '');
    });
    await reached(() => seen.length === 5);
    subscription.seek('t', 0, 99);
    await log.publish([{ topic: 't', records: texts('n', 1) }]);
    await reached(() => seen.length === 6);
    await subscription.close();
    const second = await log.subscribe(subscribing('g', 't'), async (batch) => {
      seen.push(...batch.records.map(textOf));
    });
    await log.publish([{ topic: 't', records: texts('o', 1) }]);
    await reached(() => seen.length === 7);
    await second.close();
    assert.deepEqual(seen.slice(5), ['n-0', 'o-0']);
  });

  it('sought while a batch runs is where the next one starts', async (t) => {
    const log = await opened(t);
    await log.publish([{ topic: 't', records: texts('m', 5) }]);
    const starts: number[] = [];
    const subscription = await log.subscribe(subscribing('g', 't'), async (batch) => {
      starts.push(batch.records[0]!.offset);
      if (starts.length === 1) subscription.seek('t', 0, 2);
    });
    await reached(() => starts.length === 2);
    await subscription.close();
    assert.deepEqual(starts, [0, 2]);
  });
});

describe('a session', () => {
  it('ends for a member that gives no sign, which is fenced and comes back when it wakes', async (t) => {
    const log = await opened(t);
    await log.publish([{ topic: 't', records: texts('m', 3) }]);
    let wake = (): void => {};
    let fenced: unknown;
    const handled: string[] = [];
    const silent = await log.subscribe(subscribing('g', 't', { sessionTimeoutMs: 100 }), async (batch) => {
      handled.push('silent');
      if (handled.length > 1) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      fenced = await batch.commit(3, '').catch((error: unknown) => error);
      throw fenced;
    });
    await reached(() => handled.length === 1);
    const lively = await log.subscribe(subscribing('g', 't'), async () => {
      handled.push('lively');
    });
    await reached(() => handled.includes('lively'));
    assert.deepEqual([silent.assigned().length, lively.assigned().length], [0, 1]);
    wake();
    await reached(() => fenced !== undefined);
    assert.ok(fenced instanceof Fenced);
    await lively.close();
    await reached(() => handled.at(-1) === 'silent');
    await silent.close();
    await silent.done;
    assert.equal(await committedTotal(log, 'g', 't'), 0);
  });

  it('goes on for a member that heartbeats', async (t) => {
    const log = await opened(t);
    await log.publish([{ topic: 't', records: texts('m', 3) }]);
    let done = false;
    const subscription = await log.subscribe(
      subscribing('g', 't', { sessionTimeoutMs: 400 }),
      async (batch) => {
        for (let beat = 0; beat < 12; beat++) {
          await sleep(50);
          await batch.heartbeat();
        }
        await batch.commit(3, '');
        done = true;
      },
    );
    await reached(() => done);
    await subscription.close();
    await subscription.done;
  });

  it('bounds how long a partition waits for a handler that does not finish', async (t) => {
    const log = await opened(t);
    await log.publish([{ topic: 't', records: texts('m', 3) }]);
    let stuck: Batch | undefined;
    const first = await log.subscribe(subscribing('g', 't', { sessionTimeoutMs: 200 }), async (batch) => {
      stuck = batch;
      await new Promise(() => {});
    });
    await reached(() => stuck !== undefined);
    await first.close();
    let count = 0;
    const second = await log.subscribe(subscribing('g', 't'), async (batch) => {
      count += batch.records.length;
    });
    await reached(() => count === 3);
    await assert.rejects(stuck!.commit(3, ''), Fenced);
    await second.close();
  });
});

describe('closing the log', () => {
  it('lets handlers publish and commit what they have in hand', async (t) => {
    const log = await opened(t);
    await log.createTopics([{ name: 'out', partitions: 1 }]);
    await log.publish([{ topic: 't', records: texts('m', 3) }]);
    let [started, finished] = [false, false];
    const subscription = await log.subscribe(subscribing('g', 't'), async (batch) => {
      started = true;
      while (!batch.revoked.aborted) await sleep(5);
      await log.publish([{ topic: 'out', records: texts('out', 1) }]);
      await batch.commit(3, '');
      finished = true;
    });
    await reached(() => started);
    await log.close();
    await subscription.done;
    assert.ok(finished);
  });

  it('ends readers, and refuses what comes later', async (t) => {
    const log = await opened(t);
    const reading = (async () => {
      for await (const _ of log.read('t', { from: new Map([[0, 0]]) }))
        assert.fail('there is nothing to read');
    })();
    await sleep(10);
    await log.close();
    await reading;
    await assert.rejects(log.publish([{ topic: 't', records: texts('m', 1) }]), /closed/);
    await assert.rejects(
      log.subscribe(subscribing('g', 't'), async () => {}),
      /closed/,
    );
  });
});
