// Ranges that come again after ClickHouse has forgotten their token, really: small windows, many inserts since. Rows and
// views end up right, and what is remembered is known by counting, not by any clock.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { deliverAll, Partition } from './partition.ts';
import { Crash, openSink, range, reading, silent, stored } from './sink.ts';

const sink = await openSink();
after(() => sink.close());
let partition: Partition;

const windowOf = (entries: number): Promise<unknown> =>
  Promise.all(
    ['predictions', 'histograms', 'confidences'].map((table) =>
      sink.clickhouse.command(
        `ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = ${entries}`,
      ),
    ),
  );

/** Another partition stores `records` records, one insert each, in the same minutes. */
async function others(records: number): Promise<void> {
  const other = new Partition('predictions', range(0, records), 1);
  await deliverAll(other, sink.deliveryOf(), { ...reading, chunkRecords: 1 });
}

/** Rows of partition 0, rows in all, and what the view counted in all. */
async function counts(): Promise<readonly number[]> {
  const [row] = await sink.clickhouse.query<Record<string, number>>(
    `SELECT countIf(_partition = 0) AS here, count() AS rows,
            (SELECT sum(count) FROM histograms WHERE feature = 'label') AS viewed FROM predictions`,
  );
  return Object.values(row!);
}

async function crashWith(insert: Parameters<typeof sink.troubled>[0]): Promise<void> {
  const clickhouse = sink.troubled(insert);
  await assert.rejects(() => deliverAll(partition, sink.deliveryOf({ clickhouse }), reading), Crash);
}

async function replay(): Promise<readonly string[]> {
  const found: string[] = [];
  const observer = { ...silent, repeated: (_: string, __: number, how: string) => found.push(how) };
  await deliverAll(partition, sink.deliveryOf({ observer }), reading);
  return found;
}

/** One view missed the range, the other one did not. */
const rebuilt = { histograms_from_predictions: 'rebuilt', confidences_from_predictions: 'there' };

describe('a range that ClickHouse has forgotten', { timeout: 180_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    await windowOf(20);
    partition = new Partition('predictions', range(0, 10));
  });

  it('is known to be remembered while few inserts came since, and to be forgotten after many', async () => {
    for (const [inserts, how] of [
      [5, 'token'],
      [25, 'none'],
    ] as const) {
      await sink.renew();
      await windowOf(20);
      partition = new Partition('predictions', range(0, 10));
      await crashWith(async () => {
        throw new Crash('before');
      });
      await others(inserts);
      assert.deepEqual(await replay(), [how]);
      assert.deepEqual(await counts(), [10, 10 + inserts, 10 + inserts]);
    }
  });

  it('would be doubled by its token: the window really is part of the guarantee', async () => {
    await crashWith(async (insert) => {
      await sink.clickhouse.insert(insert);
      throw new Crash('after');
    });
    await others(25);
    const memory = { marks: async () => ({}), remembers: async () => true };
    await deliverAll(partition, sink.deliveryOf({ memory }), reading);
    assert.equal((await counts())[0], 20);
  });

  it('is only committed when all of it is there, in the views as well', async () => {
    await crashWith(async (insert) => {
      await sink.clickhouse.insert(insert);
      throw new Crash('after');
    });
    await others(25);
    assert.deepEqual(await replay(), ['all']);
    assert.deepEqual(Object.fromEntries(sink.views), {
      histograms_from_predictions: 'there',
      confidences_from_predictions: 'there',
    });
    assert.deepEqual(await counts(), [10, 35, 35]);
  });

  it('is given to a view that missed it, beside other partitions in the same minutes', async () => {
    await crashWith(async (insert) => {
      await sink.clickhouse.command('DETACH TABLE histograms_from_predictions');
      await sink.clickhouse.insert(insert);
      await sink.clickhouse.command('ATTACH TABLE histograms_from_predictions');
      throw new Crash('between table and view');
    });
    await others(25);
    assert.deepEqual(await counts(), [10, 35, 25]);
    assert.deepEqual(await replay(), ['all']);
    assert.deepEqual(Object.fromEntries(sink.views), rebuilt);
    assert.deepEqual(await counts(), [10, 35, 35]);
  });

  it('is completed in table and views when only some of it is in the table and none in the view', async () => {
    const twoMonths = (record: Parameters<typeof stored>[0]) =>
      stored(record, record.timestamp + (record.offset % 2) * 40 * 86_400_000);
    const clickhouse = sink.troubled(async (insert) => {
      await sink.clickhouse.command('DETACH TABLE histograms_from_predictions');
      await sink.clickhouse.insert(insert);
      await sink.clickhouse.command('ATTACH TABLE histograms_from_predictions');
      await sink.clickhouse.command("ALTER TABLE predictions DROP PARTITION '202511'");
      throw new Crash('torn');
    });
    const reads = { ...reading, outcomeOf: twoMonths };
    await assert.rejects(() => deliverAll(partition, sink.deliveryOf({ clickhouse }), reads), Crash);
    await others(25);
    assert.deepEqual(await counts(), [5, 30, 25]);
    await deliverAll(partition, sink.deliveryOf(), reads);
    assert.deepEqual(Object.fromEntries(sink.views), rebuilt);
    assert.deepEqual(await counts(), [10, 35, 35]);
  });

  it('is forgotten, not remembered, where a table was emptied or made anew', async () => {
    await others(5);
    await crashWith(async () => {
      throw new Crash('before');
    });
    await sink.renew();
    assert.deepEqual(await replay(), ['none']);
    assert.deepEqual(await counts(), [10, 10, 10]);
  });

  it('is asked for in the table where a journal says nothing of blocks', async () => {
    partition.position = {
      topic: 'predictions',
      partition: 0,
      offset: 0,
      metadata: '{"sink":1,"end":10,"at":1}',
    };
    assert.deepEqual(await replay(), ['none']);
    assert.deepEqual(await counts(), [10, 10, 10]);
  });
});

describe('how long tokens are remembered', { timeout: 60_000 }, () => {
  it('is told at the pace of the inserts, each counted in every table partition it touches', async () => {
    await sink.renew();
    await sink.clickhouse.command(
      'ALTER TABLE predictions MODIFY SETTING non_replicated_deduplication_window = 10000',
    );
    let ms = 0;
    const measured: (readonly [string, number])[] = [];
    const memory = sink.memory(
      () => ms,
      (table, seconds) => measured.push([table, seconds]),
    );
    await memory.marks('predictions');
    // Ten inserts into the table itself, of which each touches two months.
    partition = new Partition('predictions', range(0, 20));
    await deliverAll(partition, sink.deliveryOf(), {
      chunkRecords: 2,
      outcomeOf: (record) => stored(record, record.timestamp + (record.offset % 2) * 40 * 86_400_000),
    });
    ms = 31_000;
    await memory.marks('predictions');
    assert.deepEqual(measured, [], 'half a minute is too short to tell');
    ms = 100_000;
    await memory.marks('predictions');
    // Features are written into the same histograms, whose window they share: one block an insert.
    assert.deepEqual(measured, [
      ['features', 100_000],
      ['predictions', 50_000],
    ]);
  });

  it('is asked beside an insert, not before it, while older marks say enough; they are never too high', async () => {
    await sink.renew();
    let ms = 0;
    const memory = sink.memory(() => ms);
    const before = await memory.marks('predictions');
    partition = new Partition('predictions', range(0, 20));
    await deliverAll(partition, sink.deliveryOf(), { ...reading, chunkRecords: 10 });
    ms = 10_000;
    assert.deepEqual(await memory.marks('predictions'), before);
    // The question that this one began is answered by the time that one which has to wait is.
    ms = 41_000;
    const after = await memory.marks('predictions');
    for (const [name, block] of Object.entries(before)) assert.ok(after[name]! > block, name);
  });
});
