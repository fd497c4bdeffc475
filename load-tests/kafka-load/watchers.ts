// The watchers: when does a comment's score stand in the topic, when does a query find its row?
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../connectors/log.ts';
import { forwardCommand } from '../../connectors/occupancy/forwarding.ts';

const pollMs = 20;

/** Counts what comes, by the number of the comment. */
export class Arrivals {
  readonly #seen: Uint8Array;
  #distinct = 0;
  repeats = 0;

  constructor(total: number) {
    this.#seen = new Uint8Array(total);
  }

  /** False for one that came before. */
  add(number: number): boolean {
    if (this.#seen[number] === 1) {
      this.repeats += 1;
      return false;
    }
    this.#seen[number] = 1;
    this.#distinct += 1;
    return true;
  }

  get missing(): number {
    return this.#seen.length - this.#distinct;
  }
}

/** The number of a comment of this run, or null. */
const numberOf = (messageId: string, prefix: string): number | null =>
  messageId.startsWith(prefix) ? Number(messageId.slice(prefix.length)) : null;

/** Where `scores` ends now, by partition. */
export const endOfScores = async (log: Pick<Log, 'ranges'>): Promise<ReadonlyMap<number, number>> =>
  new Map((await log.ranges(['scores'])).map(({ partition, end }) => [partition, end]));

/** Tells of every score of the run when a consumer has it; the key of a score is the id of its message. */
export async function watchScores(
  log: Pick<Log, 'read'>,
  from: ReadonlyMap<number, number>,
  { prefix, signal }: { readonly prefix: string; readonly signal: AbortSignal },
  onScore: (number: number, at: number) => void,
): Promise<void> {
  for await (const { records } of log.read('scores', { from, signal })) {
    const at = Date.now();
    for (const { key } of records) {
      const number = numberOf(String(key), prefix);
      if (number !== null) onScore(number, at);
    }
  }
}

/** Asks the SQL of the Millrace that has this data directory open, as `millrace sql` does. */
export async function query<Row>(directory: string, sql: string): Promise<readonly Row[]> {
  const pieces: Buffer[] = [];
  const collect = { write: async (text: string | Buffer) => void pieces.push(Buffer.from(text)) };
  const code = await forwardCommand(directory, {
    argv: ['sql', '--json', sql],
    stdin: (async function* () {})(),
    stdout: collect,
    stderr: collect,
    signal: new AbortController().signal,
  });
  const text = Buffer.concat(pieces).toString('utf8').trim();
  if (code !== 0) throw new Error(`the query ended with ${code}: ${text}`);
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Row);
}

interface Found {
  readonly messageId: string;
  readonly partition: number;
  readonly offset: number;
}

/** Asks over and over for rows that were not there before: a row counts as queryable when a query has found it. */
export async function watchRows(
  directory: string,
  { prefix, signal }: { readonly prefix: string; readonly signal: AbortSignal },
  onRow: (number: number, at: number) => void,
): Promise<void> {
  const last = new Map<number, number>();
  while (!signal.aborted) {
    const found = await query<Found>(
      directory,
      `SELECT messageId, _partition AS partition, toUInt32(_offset) AS offset FROM scores
       WHERE startsWith(messageId, '${prefix}') AND ${unseen(last)}`,
    );
    const at = Date.now();
    for (const { messageId, partition, offset } of found) {
      last.set(partition, Math.max(last.get(partition) ?? -1, offset));
      const number = numberOf(messageId, prefix);
      if (number !== null) onRow(number, at);
    }
    await sleep(pollMs);
  }
}

const unseen = (last: ReadonlyMap<number, number>): string =>
  last.size === 0
    ? 'true'
    : `_offset > multiIf(${[...last].map(([partition, offset]) => `_partition = ${partition}, ${offset}`).join(', ')}, -1)`;
