// Which records of a journalled range the table already holds: the question that is left when ClickHouse may have
// forgotten the range's token.
import { Misconfigured } from '../../schemas/errors.ts';
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

/**
 * For a range whose records the log no longer has: throws `Misconfigured` (`journal-lost`) unless they are stored. An
 * insert is one block, so one row of the range says that the range is there.
 */
export async function assertStored(clickhouse: Clickhouse, range: JournalledRange): Promise<void> {
  if ((await storedOffsets(clickhouse, range)).size > 0) return;
  const { topic, partition, start, end } = range;
  throw new Misconfigured(
    `Offsets ${start}-${end} of ${topic}/${partition} were deleted from the log before they reached ClickHouse`,
    {
      code: 'journal-lost',
      fix:
        `Give the topic a longer retention. To go on without those records, commit offset ${end} ` +
        'for the sink’s group with empty metadata',
    },
  );
}

/** For a committed offset below zero, which Kafka’s clients write where retention has passed what was committed. */
export const retentionPassed = (partition: string): Misconfigured =>
  new Misconfigured(`${partition} lost records to retention before they reached ClickHouse`, {
    code: 'journal-lost',
    fix:
      'Give the topic a longer retention. To go on with what is left, commit the partition’s first offset for the ' +
      'sink’s group with empty metadata',
  });
