// ClickHouse in trouble around an insert: down, slow, refusing, timing out after applying. Nothing lost, nothing doubled,
// and what a person has to do is said.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { RowBuffer } from '../../../connectors/clickhouse/row-buffer.ts';
import { QueryFailed } from '../../../connectors/clickhouse.ts';
import { Misconfigured, Overloaded, Retryable } from '../../../schemas/errors.ts';
import { deliverAll, Partition } from './partition.ts';
import { openSink, range, reading } from './sink.ts';

const sink = await openSink();
after(() => sink.close());
let partition: Partition;

describe('ClickHouse in trouble', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    await sink.renew();
    partition = new Partition('predictions', range(0, 25));
  });

  it('down for inserts and for questions alike: the sink waits, and goes on where it was', async () => {
    let calls = 0;
    const flaky = async <T>(ask: () => Promise<T>): Promise<T> => {
      calls += 1;
      if (calls <= 5 || calls % 4 === 0)
        throw new Retryable('nobody answers', { code: 'clickhouse-unreachable' });
      return ask();
    };
    const memory = sink.memory();
    const delivery = sink.deliveryOf({
      clickhouse: {
        ...sink.troubled((insert) => flaky(() => sink.clickhouse.insert(insert))),
        query: (sql, parameters) => flaky(() => sink.clickhouse.query(sql, parameters)),
      },
      memory: {
        marks: (table) => flaky(() => memory.marks(table)),
        remembers: (table, marks) => flaky(() => memory.remembers(table, marks)),
      },
    });
    await deliverAll(partition, delivery, reading);
    await sink.assertStored(range(0, 25));
    assert.ok(calls > 9);
  });

  it('overloaded: no insert is passed over', async () => {
    let tries = 0;
    const clickhouse = sink.troubled(async (insert) => {
      tries += 1;
      if (tries % 4 !== 0) throw new Overloaded('too many parts', { code: 'clickhouse-too-many-parts' });
      await sink.clickhouse.insert(insert);
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse }), reading);
    await sink.assertStored(range(0, 25));
    assert.equal(tries, 12);
  });

  it('slow, so that a second try runs beside the first: ClickHouse keeps one', async () => {
    const late: Promise<void>[] = [];
    const clickhouse = sink.troubled(async (insert) => {
      const sending = sink.clickhouse.insert(insert);
      late.push(sending);
      if (late.length % 2 === 1) throw new Retryable('no answer in time', { code: 'clickhouse-unreachable' });
      await sending;
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse }), reading);
    await Promise.all(late);
    assert.equal(late.length, 6);
    await sink.assertStored(range(0, 25));
  });

  it('timing out after applying, every time but the last', async () => {
    let tries = 0;
    const clickhouse = sink.troubled(async (insert) => {
      await sink.clickhouse.insert(insert);
      tries += 1;
      if (tries % 5 !== 0) throw new Retryable('timed out', { code: 'clickhouse-timeout' });
    });
    await deliverAll(partition, sink.deliveryOf({ clickhouse }), reading);
    await sink.assertStored(range(0, 25));
    assert.equal(tries, 15);
  });

  it('refusing, because somebody changed the table: it stops, says what to do, and goes on once that is done', async () => {
    await sink.clickhouse.command('ALTER TABLE predictions DROP COLUMN source');
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf(), reading),
      (error) =>
        error instanceof Misconfigured &&
        error.code === 'insert-refused' &&
        /column source/.test(error.message) &&
        /DESCRIBE predictions/.test(error.fix),
    );
    assert.equal(partition.position?.offset, 0);
    await sink.clickhouse.command('ALTER TABLE predictions ADD COLUMN source LowCardinality(String)');
    await deliverAll(partition, sink.deliveryOf(), reading);
    await sink.assertStored(range(0, 25));
  });

  it('a view that fails stops the sink as loudly, and is completed afterwards', async () => {
    await sink.clickhouse.command('RENAME TABLE baselines TO baselines_away');
    await assert.rejects(
      () => deliverAll(partition, sink.deliveryOf(), reading),
      (error) => error instanceof Misconfigured && error.cause instanceof QueryFailed,
    );
    await sink.clickhouse.command('RENAME TABLE baselines_away TO baselines');
    await deliverAll(partition, sink.deliveryOf(), reading);
    await sink.assertStored(range(0, 25));
  });

  it('takes the largest insert there is as one block, and drops it when it comes again', async () => {
    const table = 'largest';
    await sink.clickhouse.command(
      `CREATE TABLE ${table} (n UInt64, t String) ENGINE = MergeTree ORDER BY n
       SETTINGS non_replicated_deduplication_window = 100`,
    );
    const rowCount = 10_000;
    const rows = new RowBuffer(108_000_000);
    const text = 'x'.repeat(10_700);
    for (let n = 0; n < rowCount; n += 1) {
      rows.int64(n);
      rows.text(text);
    }
    const insert = { table, columns: ['n', 't'], rows: rows.take(), rowCount, token: 'largest' };
    assert.ok(insert.rows.length > 100 * 1_024 * 1_024);
    for (let attempt = 0; attempt < 2; attempt += 1)
      await sink.clickhouse.insert({ ...insert, deadline: Date.now() + 60_000 });
    const [seen] = await sink.clickhouse.query(
      `SELECT count() AS parts, sum(rows) AS rows FROM system.parts WHERE active AND table = '${table}'`,
    );
    assert.deepEqual(seen, { parts: 1, rows: rowCount });
  });
});
