// A window of a topic: which offsets to read, and between which times records count.
import { Option } from 'commander';
import type { Log, PartitionRange } from '../../connectors/log.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { instantOf } from './instant.ts';

export interface Window {
  readonly topic: string;
  /** First offset of each partition that is read. */
  readonly from: ReadonlyMap<number, number>;
  /** Offset to stop before, for the same partitions. */
  readonly to: ReadonlyMap<number, number>;
  /** Records from this time on, in ms since 1970. */
  readonly since: number;
  /** Records before this time. */
  readonly until: number;
}

export interface WindowOptions {
  /** A time, or offsets as `partition:offset`, several with commas; the topic’s beginning without it. */
  readonly from?: string;
  /** As `from`; where the topic ends now without it. */
  readonly to?: string;
}

export const fromOption = (): Option =>
  new Option(
    '--from <place>',
    'a time (2026-03-01T12:00:00Z, ms since 1970, -1h) or partition:offset,… (default: the beginning)',
  );

export const toOption = (): Option =>
  new Option('--to <place>', 'a time or offsets, not included (default: where the topic ends now)');

/**
 * The window that two options name. Where one of them names partitions, no others are read. A window by time reads
 * every record that the topic has, since times in a log need not rise. Throws `Misconfigured` for what is neither.
 */
export async function windowOf(
  log: Pick<Log, 'ranges'>,
  topic: string,
  { from, to }: WindowOptions,
  now: number,
): Promise<Window> {
  const ranges = await log.ranges([topic]);
  const first = placesIn('--from', from, topic, ranges);
  const last = placesIn('--to', to, topic, ranges);
  const named = new Set([...(first?.keys() ?? []), ...(last?.keys() ?? [])]);
  const read = named.size === 0 ? ranges : ranges.filter(({ partition }) => named.has(partition));
  const bounded = (
    places: Map<number, number> | null,
    { partition, start, end }: PartitionRange,
    other: number,
  ) => Math.min(end, Math.max(start, places?.get(partition) ?? other));
  return {
    topic,
    from: new Map(read.map((range) => [range.partition, bounded(first, range, range.start)])),
    to: new Map(read.map((range) => [range.partition, bounded(last, range, range.end)])),
    since: from === undefined || first ? 0 : instantOf('--from', from, now),
    until: to === undefined || last ? Number.POSITIVE_INFINITY : instantOf('--to', to, now),
  };
}

/** Offsets by partition; null when the option holds none, but perhaps a time. */
function placesIn(
  option: string,
  text: string | undefined,
  topic: string,
  ranges: readonly PartitionRange[],
): Map<number, number> | null {
  if (text === undefined || !/^\d+:\d+(,\d+:\d+)*$/.test(text)) return null;
  const places = new Map<number, number>();
  for (const part of text.split(',')) {
    const [partition = -1, offset = 0] = part.split(':').map(Number);
    if (!ranges.some((range) => range.partition === partition))
      throw new Misconfigured(`${option} ${text}: ${topic} has no partition ${partition}`, {
        code: 'bad-argument',
        fix: `Partitions of ${topic} are 0 to ${ranges.length - 1}; write partition:offset.`,
      });
    places.set(partition, offset);
  }
  return places;
}
