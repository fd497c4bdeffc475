// What alert rules watch, as observations: from ClickHouse, from the log, from drift reports, from this process.
import type { Observation, Rule } from '../../processors/alerts/rule.ts';
import { type LagRow, lagOfGroups } from '../lag.ts';
import type { Stack } from '../stack.ts';
import { readCost } from './cost.ts';
import type { DriftWatch } from './drift-watch.ts';
import { observationOf, readings } from './readings.ts';

export interface Sources {
  readonly stack: Stack;
  readonly drift: DriftWatch;
  /** Whether a release has been taken out of service, so that nothing new will be known of it. */
  readonly isRetired: (release: string) => boolean;
}

/** What a rule’s signal shows at an instant, ms since 1970. Throws what its source throws. */
export async function observe(sources: Sources, rule: Rule, at: number): Promise<readonly Observation[]> {
  const seen = await observed(sources, rule, at);
  return seen.map((one) =>
    one.series.includes('@') && sources.isRetired(one.series)
      ? { ...one, isGone: true, says: 'serves no more' }
      : one,
  );
}

/** Whether the signal of an earlier instant can be asked for as well. */
export const hasPast = ({ signal, sql }: Rule): boolean => {
  if (signal === 'sql') return sql?.includes('{to}') ?? false;
  return signal !== 'drift' && signal !== 'lag' && signal !== 'cost';
};

async function observed({ stack, drift }: Sources, rule: Rule, at: number): Promise<readonly Observation[]> {
  switch (rule.signal) {
    case 'drift':
      return drift.observe(rule);
    case 'lag':
      return observeLag(stack, rule);
    case 'cost':
      return readCost(stack, rule, at);
    default: {
      const read = await readings[rule.signal](stack, rule, { from: at - rule.windowMs, to: at });
      return read.map(observationOf(rule));
    }
  }
}

/** Records that each of Millrace’s groups still has to read. */
async function observeLag({ log }: Stack, rule: Rule): Promise<readonly Observation[]> {
  const rows = (await lagOfGroups(log)).filter(({ group }) => group.startsWith('millrace-'));
  const groups = [...new Set(rows.map(({ group }) => group))];
  return Promise.all(
    groups.map(async (group): Promise<Observation> => {
      const own = rows.filter((row) => row.group === group);
      const value = own.reduce((sum, { lag }) => sum + lag, 0);
      const worst = own.reduce((most, row) => (row.lag > most.lag ? row : most));
      const since = value > rule.threshold ? await behindSince(log, worst, rule.threshold) : null;
      return {
        series: group,
        value,
        says: `${value} records are waiting`,
        evidence: { topic: worst.topic, partition: String(worst.partition) },
        ...(since === null ? {} : { since }),
      };
    }),
  );
}

/**
 * Since when a partition alone is behind by more than the threshold: the group has never been further than it is now, so
 * it is behind at least since the record came that lies so far ahead of it. Null where that one is not there.
 */
async function behindSince(log: Stack['log'], row: LagRow, threshold: number): Promise<number | null> {
  const offset = row.end - row.lag + Math.floor(threshold);
  if (row.lag <= threshold || offset >= row.end) return null;
  const from = new Map([[row.partition, offset]]);
  const to = new Map([[row.partition, offset + 1]]);
  for await (const { records } of log.read(row.topic, { from, to }))
    for (const record of records) return record.timestamp;
  return null;
}
