// Which records of a journalled range the table already holds: the question that is left when ClickHouse may have
// forgotten the range's token.
import { quoteName } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';
import type { Journal } from './journal.ts';

export interface JournalledRange extends Journal {
  readonly table: string;
  readonly topic: string;
  readonly partition: number;
}

/** Offsets of the range that have a row. The index on `_offset` keeps this from reading the whole table. */
export async function storedOffsets(
  clickhouse: Clickhouse,
  range: JournalledRange,
): Promise<ReadonlySet<number>> {
  const { table, topic, partition, start, end } = range;
  const rows = await clickhouse.query<{ _offset: number }>(
    `SELECT DISTINCT _offset FROM ${quoteName(table)}
     WHERE _topic = {topic:String} AND _partition = {partition:UInt32}
       AND _offset >= {start:UInt64} AND _offset < {end:UInt64}`,
    { topic, partition, start, end },
  );
  return new Set(rows.map((row) => row._offset));
}
