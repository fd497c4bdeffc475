// What the sink does to tables beside inserting, on every implementation of the ClickHouse port: it checks what they
// remember, makes them wait for the disk, and gives views what they missed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { applyFsync, assertDeduplicating } from '../../connectors/clickhouse/table-settings.ts';
import { repairViews, type ViewState } from '../../connectors/clickhouse/view-repair.ts';
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import { Misconfigured } from '../../schemas/errors.ts';

const windowSettings = 'SETTINGS non_replicated_deduplication_window = 10000';

/** A table of offsets, a view that counts them by a text, and a view on that view's target. */
async function makeTables(clickhouse: Clickhouse): Promise<string> {
  const name = `w_${randomUUID().replaceAll('-', '')}`;
  for (const sql of [
    `CREATE TABLE ${name} (_topic String, _partition UInt32, _offset UInt64, t String) ENGINE = MergeTree
     ORDER BY _offset ${windowSettings}`,
    `CREATE TABLE ${name}_c (t String, c UInt64) ENGINE = SummingMergeTree(c) ORDER BY t ${windowSettings}`,
    `CREATE TABLE ${name}_d (c UInt64) ENGINE = SummingMergeTree(c) ORDER BY tuple() ${windowSettings}`,
    `CREATE MATERIALIZED VIEW ${name}_v TO ${name}_c AS SELECT t, count() AS c FROM ${name} GROUP BY t`,
    `CREATE MATERIALIZED VIEW ${name}_w TO ${name}_d AS SELECT sum(c) AS c FROM ${name}_c`,
  ])
    await clickhouse.command(sql);
  return name;
}

const insert = (clickhouse: Clickhouse, name: string, from: number, to: number): Promise<void> =>
  clickhouse.command(
    `INSERT INTO ${name} SETTINGS insert_deduplication_token = '${from}-${to}'
     SELECT 'topic', 0, number + ${from}, if(number % 2 = 0, 'even', 'odd') FROM numbers(${to - from})`,
  );

async function countsOf(clickhouse: Clickhouse, name: string): Promise<readonly unknown[]> {
  const [row] = await clickhouse.query(
    `SELECT toUInt32((SELECT count() FROM ${name})) AS rows, toUInt32((SELECT sum(c) FROM ${name}_c)) AS viewed,
            toUInt32((SELECT sum(c) FROM ${name}_d)) AS viewedAgain`,
  );
  return Object.values(row!);
}

async function repair(clickhouse: Clickhouse, table: string, start: number, end: number) {
  const states: ViewState[] = [];
  await repairViews(
    { table, topic: 'topic', partition: 0, start, end, token: `${start}-${end}` },
    { clickhouse, insertMs: 0, stillOurs: async () => {}, onView: (_, state) => states.push(state) },
  );
  return states;
}

/** Registers the tests into a contract suite. */
export function describeWrittenTables(opened: () => Clickhouse): void {
  it('finds a table, and a target behind two views, that remembers too little', async () => {
    const name = await makeTables(opened());
    await assertDeduplicating(opened(), [name]);
    for (const table of [name, `${name}_d`]) {
      await opened().command(`ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = 15`);
      await assert.rejects(
        () => assertDeduplicating(opened(), [name]),
        (error) =>
          error instanceof Misconfigured &&
          error.code === 'no-deduplication' &&
          error.message.includes(`.${table} remembers 15`) &&
          error.fix.includes(`\`${table}\` MODIFY SETTING non_replicated_deduplication_window = 10000`),
      );
      await opened().command(
        `ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = 10000`,
      );
    }
    await opened().command(`ALTER TABLE ${name}_c RESET SETTING non_replicated_deduplication_window`);
    await assert.rejects(() => assertDeduplicating(opened(), [name]), /_c remembers 0/);
  });

  it('makes inserts wait for the disk, and stop waiting, where that differs', async () => {
    const name = await makeTables(opened());
    const waiting = async () =>
      (
        await opened().query<{ name: string }>(
          `SELECT name FROM system.tables WHERE name LIKE '${name}%' AND engine_full LIKE '%fsync_after_insert = 1%'
             AND engine_full LIKE '%fsync_part_directory = 1%' ORDER BY name`,
        )
      ).map((row) => row.name);
    assert.equal((await applyFsync(opened(), [name], true)).length, 3);
    assert.deepEqual(await waiting(), [name, `${name}_c`, `${name}_d`]);
    assert.deepEqual(await applyFsync(opened(), [name], true), []);
    await insert(opened(), name, 0, 10);
    assert.deepEqual(await countsOf(opened(), name), [10, 10, 10]);
    assert.equal((await applyFsync(opened(), [name], false)).length, 3);
    assert.deepEqual(await waiting(), []);
    await insert(opened(), name, 10, 20);
    assert.deepEqual(await countsOf(opened(), name), [20, 20, 20]);
  });

  it('gives a view what it missed of a range, and views on it, once', async () => {
    const name = await makeTables(opened());
    await insert(opened(), name, 0, 10);
    await opened().command(`DETACH TABLE ${name}_v`);
    await insert(opened(), name, 10, 30);
    await opened().command(`ATTACH TABLE ${name}_v`);
    await insert(opened(), name, 30, 34);
    assert.deepEqual(await countsOf(opened(), name), [34, 14, 14]);
    assert.deepEqual(await repair(opened(), name, 10, 30), ['rebuilt']);
    assert.deepEqual(await repair(opened(), name, 0, 10), ['there']);
    assert.deepEqual(await repair(opened(), name, 10, 30), ['there']);
    assert.deepEqual(await countsOf(opened(), name), [34, 34, 34]);
    const counted = await opened().query(
      `SELECT t, toUInt32(sum(c)) AS c FROM ${name}_c GROUP BY t ORDER BY t`,
    );
    assert.deepEqual(counted, [
      { t: 'even', c: 17 },
      { t: 'odd', c: 17 },
    ]);
  });

  it('gives a view what it missed of a range a second time, though it is as much as the first time', async () => {
    const name = await makeTables(opened());
    for (const from of [0, 10]) {
      await opened().command(`DETACH TABLE ${name}_v`);
      await insert(opened(), name, from, from + 10);
      await opened().command(`ATTACH TABLE ${name}_v`);
      assert.deepEqual(await repair(opened(), name, 0, 20), ['rebuilt']);
    }
    assert.deepEqual(await countsOf(opened(), name), [20, 20, 20]);
  });

  it('makes the groups right when another range is what a view missed', async () => {
    const name = await makeTables(opened());
    await insert(opened(), name, 0, 10);
    await opened().command(`DETACH TABLE ${name}_v`);
    await insert(opened(), name, 10, 30);
    await opened().command(`ATTACH TABLE ${name}_v`);
    assert.deepEqual(await repair(opened(), name, 0, 10), ['rebuilt']);
    assert.deepEqual(await countsOf(opened(), name), [30, 30, 30]);
    assert.deepEqual(await repair(opened(), name, 10, 30), ['there']);
  });

  it('does not take what is on its way into a view for missing', async () => {
    const name = await makeTables(opened());
    await insert(opened(), name, 0, 10);
    await opened().command(`DETACH TABLE ${name}_v`);
    // An insert of another partition is in the table and not yet in its view when the first look is taken.
    await insert(opened(), name, 10, 20);
    await opened().command(`ATTACH TABLE ${name}_v`);
    let looks = 0;
    const states: ViewState[] = [];
    await repairViews(
      { table: name, topic: 'topic', partition: 0, start: 0, end: 10, token: '0-10' },
      {
        clickhouse: opened(),
        insertMs: 20_000,
        async stillOurs() {
          looks += 1;
          if (looks === 2) await opened().command(`INSERT INTO ${name}_c VALUES ('even', 5), ('odd', 5)`);
        },
        onView: (_, state) => states.push(state),
      },
    );
    assert.deepEqual([looks, states], [2, ['there']]);
    assert.deepEqual(await countsOf(opened(), name), [20, 20, 20]);
  });

  it('says that it cannot tell where a target does not add up', async () => {
    const name = await makeTables(opened());
    await opened().command(
      `CREATE TABLE ${name}_e (t String) ENGINE = MergeTree ORDER BY t ${windowSettings}`,
    );
    await opened().command(`CREATE MATERIALIZED VIEW ${name}_x TO ${name}_e AS SELECT t FROM ${name}`);
    await insert(opened(), name, 0, 10);
    assert.deepEqual((await repair(opened(), name, 0, 10)).sort(), ['there', 'unknown']);
  });
}
