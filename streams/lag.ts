// How far consumer groups are behind, partition by partition.
import type { Log, PartitionRange, Position } from '../connectors/log.ts';

export interface LagRow extends Readonly<Record<string, unknown>> {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: number | null;
  readonly end: number;
  readonly lag: number;
}

/** Every group’s lag in every partition of the topics it has committed anything in. */
export async function lagOfGroups(log: Log): Promise<readonly LagRow[]> {
  const ranges = await log.ranges();
  const topics = [...new Set(ranges.map(({ topic }) => topic))];
  const rows: LagRow[] = [];
  for (const group of await log.groups())
    rows.push(...lagOf(group, ranges, await log.positions(group, topics)));
  return rows;
}

/** Records that Millrace’s own groups still have to read. */
export async function totalLag(log: Log): Promise<number> {
  const rows = await lagOfGroups(log);
  return rows.reduce((sum, { group, lag }) => (group.startsWith('millrace-') ? sum + lag : sum), 0);
}

function lagOf(group: string, ranges: readonly PartitionRange[], positions: readonly Position[]): LagRow[] {
  const read = new Set(positions.map(({ topic }) => topic));
  return ranges
    .filter(({ topic }) => read.has(topic))
    .map(({ topic, partition, start, end }) => {
      const found = positions.find((at) => at.topic === topic && at.partition === partition);
      const committed = found?.offset ?? null;
      const lag = Math.max(0, end - Math.max(committed ?? start, start));
      return { group, topic, partition, committed, end, lag };
    });
}
