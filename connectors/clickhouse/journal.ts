// The sink's journal: the range it is about to insert, kept in the metadata of the group's own commit, so that
// whoever owns the partition next knows which rows may be in ClickHouse already.
import type { Position } from '../log.ts';

/** Offsets [start, end) of one partition, inserted under one token. */
export interface Journal {
  readonly start: number;
  readonly end: number;
  /** When the range was journalled first, in milliseconds since 1970: ClickHouse may know its token since then. */
  readonly at: number;
}

export const printJournal = ({ end, at }: Journal): string => JSON.stringify({ sink: 1, end, at });

/**
 * The journal beside a committed position. Null when there is none: after a finished chunk, before the first one, or
 * where another program committed with metadata of its own.
 */
export function parseJournal(position: Position | null): Journal | null {
  if (!position?.metadata.startsWith('{"sink":1,')) return null;
  const { end, at } = JSON.parse(position.metadata) as { end: number; at: number };
  return end > position.offset ? { start: position.offset, end, at } : null;
}

/** The deduplication token of a range. Rows of a range are the same on every run, so equal tokens mean equal rows. */
export const tokenOf = (topic: string, partition: number, { start, end }: Journal): string =>
  `${topic}/${partition}/${start}-${end}`;
