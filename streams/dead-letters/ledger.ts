// The ledger of redrives: a compacted topic of its own, `redrives`, with one entry for each chunk of letters. A chunk is
// claimed before its records are sent, with where their topics end, and closed after, with what was sent. So a claim
// that was left open (kill -9) is settled by reading what lies behind those ends, and never by guessing.
import type { Log, StoredRecord } from '../../connectors/log.ts';
import { Ends } from '../../connectors/output-ends.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Claimant, isAtWork } from './claimant.ts';
import { redriveHeaders } from './republication.ts';

const ledgerTopic = 'redrives';

/** Offsets by `topic/partition`. */
type Places = Readonly<Record<string, readonly number[]>>;

export interface Entry {
  readonly state: 'open' | 'done';
  readonly run: string;
  /** Number of the chunk within its run. */
  readonly chunk: number;
  readonly claimant: Claimant;
  /** When the chunk was claimed, in ms since 1970. */
  readonly at: number;
  /** Where the target topics ended before anything was sent, and for a closed chunk after. */
  readonly from: string;
  readonly to?: string;
  /** What is to be put back; for a closed chunk, what was. */
  readonly origins: Places;
}

/** An open claim, with its place in the ledger: the earlier one of two goes first. */
export interface Claim extends Entry {
  readonly offset: number;
}

export class Ledger {
  readonly #log: Log;
  #next: number | null = null;
  readonly #open = new Map<string, Claim>();
  /** Closed chunk of each origin, by place and offset. */
  readonly #sent = new Map<string, Map<number, Entry>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Makes the topic where it is missing. */
  async create(): Promise<void> {
    await this.#log.createTopics([{ name: ledgerTopic, partitions: 1, compacted: true }]);
  }

  /** Reads what was written since the last time. A ledger that nobody has made is empty. */
  async refresh(): Promise<void> {
    const range = await this.#range();
    if (!range) return;
    const from = new Map([[0, this.#next ?? range.start]]);
    const to = new Map([[0, range.end]]);
    for await (const { records } of this.#log.read(ledgerTopic, { from, to }))
      for (const { value, offset } of records)
        if (value) this.#apply(JSON.parse(value.toString('utf8')) as Entry, offset);
    this.#next = range.end;
  }

  /** The closed chunk that put a record back; undefined when none did. */
  sent(origin: string): Entry | undefined {
    const { place, offset } = placeOf(origin);
    return this.#sent.get(place)?.get(offset);
  }

  /** Claims that are open, the earliest first. */
  get claims(): readonly Claim[] {
    return [...this.#open.values()].sort((a, b) => a.offset - b.offset);
  }

  async write(entry: Entry): Promise<void> {
    const record = {
      key: Buffer.from(keyOf(entry)),
      value: Buffer.from(JSON.stringify(entry)),
      headers: {},
      timestamp: entry.at,
    };
    await this.#log.publish([{ topic: ledgerTopic, records: [record] }]);
    await this.refresh();
  }

  /** Closes a claim whose process is gone: what of it lies behind its ends was sent, and nothing else. */
  async settle(claim: Claim, signal: AbortSignal): Promise<void> {
    const { offset: _, ...entry } = claim;
    const to = (await endsOf(this.#log, topicsOf(claim.origins))).print();
    const origins: string[] = [];
    for await (const { origin } of arrivals(this.#log, { ...entry, to }, signal)) origins.push(origin);
    await this.write({ ...entry, state: 'done', to, origins: placesOf(origins) });
  }

  async #range() {
    try {
      const [range] = await this.#log.ranges([ledgerTopic]);
      return range;
    } catch (error) {
      if (error instanceof Misconfigured && error.code === 'unknown-topic') return undefined;
      throw error;
    }
  }

  #apply(entry: Entry, offset: number): void {
    if (entry.state === 'open') {
      this.#open.set(keyOf(entry), { ...entry, offset });
      return;
    }
    this.#open.delete(keyOf(entry));
    for (const [place, offsets] of Object.entries(entry.origins)) {
      const known = this.#sent.get(place) ?? new Map<number, Entry>();
      for (const each of offsets) known.set(each, entry);
      this.#sent.set(place, known);
    }
  }
}

/** Whether whoever made the claim may still be at work on it. */
export const isHeld = ({ run, claimant, at }: Claim, now: number): boolean =>
  isAtWork(run, claimant, now - at);

/** Where the topics end now. */
export async function endsOf(log: Log, topics: readonly string[]): Promise<Ends> {
  const ends = new Ends();
  for (const range of await log.ranges(topics)) ends.set(range);
  return ends;
}

/** A record that was put back, where it stands now. */
export interface Arrival {
  readonly origin: string;
  readonly topic: string;
  readonly partition: number;
  readonly record: StoredRecord;
}

/** A chunk’s records that arrived in their topics, between its start and its end. */
export async function* arrivals(
  log: Log,
  entry: Entry,
  signal: AbortSignal,
): AsyncGenerator<Arrival, void, void> {
  const claimed = new Set(originsOf(entry.origins));
  const [start, end] = [endsIn(entry.from), endsIn(entry.to ?? entry.from)];
  for (const [topic, { from, to }] of start.gapsTo(end))
    for await (const { partition, records } of log.read(topic, { from, to, signal }))
      for (const record of records) {
        const origin = record.headers[redriveHeaders.origin]?.toString('utf8');
        if (origin !== undefined && claimed.has(origin)) yield { origin, topic, partition, record };
      }
  signal.throwIfAborted();
}

function endsIn(text: string): Ends {
  const ends = Ends.parse(text);
  if (ends) return ends;
  throw new Error(`the ledger of redrives holds an entry without its places: ${text}`);
}

export const topicsOf = (places: Places): readonly string[] => [
  ...new Set(Object.keys(places).map((place) => place.slice(0, place.lastIndexOf('/')))),
];

export const originsOf = (places: Places): readonly string[] =>
  Object.entries(places).flatMap(([place, offsets]) => offsets.map((offset) => `${place}/${offset}`));

export function placesOf(origins: readonly string[]): Places {
  const places: Record<string, number[]> = {};
  for (const origin of new Set(origins)) {
    const { place, offset } = placeOf(origin);
    places[place] ??= [];
    places[place].push(offset);
  }
  return places;
}

function placeOf(origin: string): { readonly place: string; readonly offset: number } {
  const cut = origin.lastIndexOf('/');
  return { place: origin.slice(0, cut), offset: Number(origin.slice(cut + 1)) };
}

const keyOf = ({ run, chunk }: Entry): string => `${run}/${chunk}`;
