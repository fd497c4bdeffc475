// The sink's journal: the range it is about to insert, kept in the metadata of the group's own commit, so that
// whoever owns the partition next knows which rows may be in ClickHouse already, and which dead letters in the log.
import type { Position } from '../log.ts';
import type { Marks } from './token-memory.ts';

/** Offsets [start, end) of one partition, inserted under one token. */
export interface Journal {
  readonly start: number;
  readonly end: number;
  /** When the range was journalled first, in milliseconds since 1970 by ClickHouse's clock: for people. */
  readonly at: number;
  /** Where ClickHouse's block numbers stood then: how far back it remembers is counted from there. */
  readonly marks?: Marks;
  /** Where the dead letters ended before any of this range was published; only of ranges that have some. */
  readonly letters?: string;
}

/** Kafka's limit (`offset.metadata.max.bytes`). */
const metadataBytesMax = 4_096;

/** The metadata of a journal. Without room for all, the range alone: then more is asked of ClickHouse and the log. */
export function printJournal({ end, at, marks, letters }: Journal): string {
  const whole = JSON.stringify({ sink: 1, end, at, marks, letters });
  return Buffer.byteLength(whole) <= metadataBytesMax ? whole : JSON.stringify({ sink: 1, end, at });
}

/**
 * The journal beside a committed position. Null when there is none: after a finished chunk, before the first one, or
 * where another program committed with metadata of its own.
 */
export function parseJournal(position: Position | null): Journal | null {
  if (!position?.metadata.startsWith('{"sink":1,')) return null;
  const { end, at, marks, letters } = JSON.parse(position.metadata) as Omit<Journal, 'start'>;
  if (end <= position.offset) return null;
  return {
    start: position.offset,
    end,
    at,
    ...(marks ? { marks } : {}),
    ...(letters === undefined ? {} : { letters }),
  };
}

/** The deduplication token of a range. Rows of a range are the same on every run, so equal tokens mean equal rows. */
export const tokenOf = (topic: string, partition: number, { start, end }: Journal): string =>
  `${topic}/${partition}/${start}-${end}`;
