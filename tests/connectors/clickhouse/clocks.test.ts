// Clocks that jump by an hour, this machine's or ClickHouse's, at the worst moments: nothing is lost, nothing doubled,
// nothing stands still for an hour; and who slept past its deadline inserts nothing.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { ServerClock } from '../../../connectors/clickhouse/server-clock.ts';
import type { Clickhouse, Insert } from '../../../connectors/clickhouse.ts';
import { Fenced, Retryable } from '../../../schemas/errors.ts';
import { chunkOf, deliverAll, Partition } from './partition.ts';
import { Crash, openSink, range, reading, stored } from './sink.ts';

const sink = await openSink();
after(() => sink.close());

const hourMs = 3_600_000;

/** This machine's clocks and ClickHouse's, which tests put where they want them. */
class Clocks {
  wallMs = 0;
  serverMs = 0;
  /** Time in which this process slept: both machines' clocks went on. */
  sleptMs = 0;
  readonly differences: number[] = [];
  inserts = 0;
  readonly #around: (send: () => Promise<void>) => Promise<void>;

  constructor(around: (send: () => Promise<void>) => Promise<void> = (send) => send()) {
    this.#around = around;
  }

  /** The real ClickHouse, as one whose clock stands elsewhere. */
  get clickhouse(): Clickhouse {
    const send = (insert: Insert) => {
      this.inserts += 1;
      const deadline = insert.deadline - this.serverMs - this.sleptMs;
      return this.#around(() => sink.clickhouse.insert({ ...insert, deadline }));
    };
    return {
      ...sink.troubled(send),
      query: async <Row>(sql: string, parameters?: Readonly<Record<string, unknown>>) => {
        if (sql !== 'SELECT toUnixTimestamp64Milli(now64(3)) AS ms')
          return sink.clickhouse.query<Row>(sql, parameters);
        return [{ ms: Date.now() + this.serverMs + this.sleptMs }] as unknown as readonly Row[];
      },
    };
  }

  clock(): ServerClock {
    return new ServerClock({
      clickhouse: this.clickhouse,
      now: () => Date.now() + this.wallMs + this.sleptMs,
      monotonicMs: () => performance.now() + this.sleptMs,
      onMeasured: (differenceMs) => this.differences.push(differenceMs),
    });
  }

  delivery() {
    return sink.deliveryOf({ clickhouse: this.clickhouse, clock: this.clock() });
  }
}

describe('clocks that jump', { timeout: 180_000 }, () => {
  let partition: Partition;
  beforeEach(async () => {
    await sink.renew();
    partition = new Partition('predictions', range(0, 25));
  });

  for (const which of ['wallMs', 'serverMs'] as const)
    for (const jumpMs of [hourMs, -hourMs]) {
      const what = `${which === 'wallMs' ? 'this machine’s' : 'ClickHouse’s'} clock, by ${jumpMs / hourMs} h`;

      it(`${what}: while it runs`, async () => {
        const clocks = new Clocks(async (send) => {
          if (clocks.inserts === 1) clocks[which] = jumpMs;
          await send();
        });
        await deliverAll(partition, clocks.delivery(), reading);
        await sink.assertStored(range(0, 25));
        assert.ok(clocks.inserts <= 4, `three inserts took ${clocks.inserts} tries`);
      });

      for (const isApplied of [false, true])
        it(`${what}: between a crash ${isApplied ? 'after' : 'before'} the insert and the restart`, async () => {
          const clocks = new Clocks(async (send) => {
            if (clocks.inserts > 1) return send();
            if (isApplied) await send();
            throw new Crash('now');
          });
          await assert.rejects(() => deliverAll(partition, clocks.delivery(), reading), Crash);
          clocks[which] = jumpMs;
          await deliverAll(partition, clocks.delivery(), reading);
          await sink.assertStored(range(0, 25));
          assert.ok(clocks.inserts <= 5, `four inserts took ${clocks.inserts} tries`);
        });
    }

  it('tells how far ClickHouse’s clock is ahead', async () => {
    const clocks = new Clocks();
    clocks.serverMs = 90_000;
    clocks.wallMs = -30_000;
    const clock = clocks.clock();
    const from = Date.now();
    const now = await clock.now();
    assert.ok(now >= from + 90_000 - 1 && now <= Date.now() + 90_000, `${now - from}`);
    assert.ok(Math.abs(clocks.differences[0]! - 120_000) < 5_000, `${clocks.differences[0]}`);
    clocks.wallMs = hourMs;
    assert.ok(
      Math.abs((await clock.now()) - Date.now() - 90_000) < 5_000,
      'the wall clock has no part in it',
    );
    clocks.serverMs = 0;
    clock.doubt();
    assert.ok(Math.abs((await clock.now()) - Date.now()) < 5_000, 'what is doubted is measured anew');
  });

  it('who sleeps between the journal and the insert inserts nothing', async () => {
    const clocks = new Clocks();
    const delivery = clocks.delivery();
    const batch = partition.assign();
    await delivery.resume(batch);
    const sleeping = {
      ...batch,
      async commit(offset: number, metadata: string) {
        await batch.commit(offset, metadata);
        clocks.sleptMs = 60_000;
        partition.assign();
      },
    };
    const chunk = chunkOf(sleeping, batch.records, stored);
    const isLate = (error: unknown) => error instanceof Retryable && error.code === 'insert-deadline';
    await assert.rejects(() => delivery.deliver(chunk), isLate);
    await assert.rejects(() => delivery.deliver(chunk), Fenced);
    await sink.assertStored([]);
  });

  it('who sleeps between the heartbeat and a repeated insert inserts nothing', async () => {
    const clocks = new Clocks(async (send) => {
      if (clocks.inserts === 1) throw new Crash('before');
      await send();
    });
    await assert.rejects(() => deliverAll(partition, clocks.delivery(), reading), Crash);
    const delivery = clocks.delivery();
    const batch = partition.assign();
    await delivery.resume(batch);
    const sleeping = {
      ...batch,
      async heartbeat() {
        await batch.heartbeat();
        clocks.sleptMs = 60_000;
        partition.assign();
      },
    };
    const chunk = chunkOf(sleeping, batch.records.slice(0, 10), stored);
    await assert.rejects(
      () => delivery.deliver(chunk),
      (error) => error instanceof Retryable && error.code === 'insert-deadline',
    );
    await sink.assertStored([]);
  });
});
