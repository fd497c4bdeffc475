// Finds out whether the log deleted records before they were stored. Such a partition must not go on as if nothing had
// happened: it stands still, alone, until a person has decided.
import { Retryable } from '../../schemas/errors.ts';
import { tableName } from '../../schemas/print/clickhouse.ts';
import type { Topic } from '../../schemas/topic.ts';
import type { Clickhouse } from '../clickhouse.ts';
import type { Batch, Position } from '../log.ts';
import type { Journal } from './journal.ts';
import { storedOffsets } from './stored-offsets.ts';

/** First offset that the log still holds of a partition. */
export type LogStart = (topic: string, partition: number) => Promise<number>;

interface Assignment {
  readonly clickhouse: Clickhouse;
  readonly batch: Batch;
  readonly topic: Topic;
  readonly committed: Position | null;
  readonly journal: Journal | null;
  readonly logStart: LogStart;
}

/** What is lost of a partition that was just assigned, as the error to stop it with; null when nothing is. */
export async function lostRecords(assignment: Assignment): Promise<Retryable | null> {
  const { batch, topic, committed, journal, logStart, clickhouse } = assignment;
  if (!committed || topic.compacted) return null;
  const first = batch.records[0]!.offset;
  // Kafka's clients write an offset below zero where retention has passed what was committed.
  if (committed.offset < 0) return lost(batch, `offsets below ${first}`, first);
  if (first <= committed.offset) return null;
  // Markers of transactions leave gaps, too: only what lies before the log's start was deleted.
  const start = await logStart(batch.topic, batch.partition);
  if (start <= committed.offset) return null;
  if (!journal) return lost(batch, `offsets ${committed.offset}-${start}`, start);
  const range = { ...journal, table: tableName(topic), topic: batch.topic, partition: batch.partition };
  const stored = await storedOffsets(clickhouse, range);
  // An insert is one block: one row of the range says that the range is there.
  if (stored.size === 0)
    return lost(batch, `offsets ${journal.start}-${Math.min(journal.end, start)}`, start);
  return start > journal.end ? lost(batch, `offsets ${journal.end}-${start}`, start) : null;
}

const lost = ({ topic, partition }: Batch, what: string, next: number): Retryable =>
  new Retryable(
    `${topic}/${partition} stands still: ${what} were deleted from the log before they reached ClickHouse. ` +
      `To go on without them, stop the sinks, commit offset ${next} with empty metadata for their group, and start ` +
      'them again (kafka-consumer-groups.sh --reset-offsets --to-earliest does that); then give the topic a longer retention',
    { code: 'records-lost', context: { topic, partition, next } },
  );
