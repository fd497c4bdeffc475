// Finds the partitions of a stream that have records to read and make no progress.
import type { Log, PartitionRange, SubscribeOptions, Subscription } from '../../connectors/log.ts';
import type { Retryable } from '../../schemas/errors.ts';
import { within } from './patience.ts';
import type { Progress } from './progress.ts';

export interface Stall {
  readonly topic: string;
  readonly partition: number;
  /** First offset that is not done. */
  readonly offset: number;
  readonly lag: number;
  /** Time without progress, in milliseconds. */
  readonly forMs: number;
  /** Whether a handler has records of it in hand. */
  readonly running: boolean;
  /** What the work is being tried again for: a new client would not help. Null when it is just not going on. */
  readonly unwell: Retryable | null;
}

export interface Searched {
  readonly subscribe: Pick<SubscribeOptions, 'group' | 'topics'>;
  readonly log: Log;
  readonly progress: Progress;
}

/** What was seen of a partition, and since when nothing of it has changed. */
interface Seen {
  readonly mark: string;
  readonly at: number;
}

export class StallSearch {
  readonly #stream: Searched;
  readonly #stallMs: number;
  readonly #seen = new Map<string, Seen>();
  /** Ranges in which nothing is to be read: ends of transactions, what compaction left. */
  readonly #empty = new Map<string, string>();

  constructor(stream: Searched, stallMs: number) {
    this.#stream = stream;
    this.#stallMs = stallMs;
  }

  /**
   * Partitions among the owned ones that stand still. With `remember`, a partition that is not owned at the moment is
   * not taken for new when it is again: the stream is just being restarted. Throws `Retryable` where the log does not
   * answer.
   */
  async stalls(owned: ReturnType<Subscription['assigned']>, remember: boolean): Promise<readonly Stall[]> {
    const { log, subscribe } = this.#stream;
    const names = new Set(owned.map(({ topic, partition }) => `${topic}/${partition}`));
    if (!remember) for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
    if (names.size === 0) return [];
    const topics = [...new Set(owned.map(({ topic }) => topic))];
    const asking = Promise.all([log.ranges(topics), log.positions(subscribe.group, topics)]);
    const [ranges, positions] = await within(asking, this.#stallMs);
    const committed = new Map(positions.map((at) => [`${at.topic}/${at.partition}`, at.offset]));
    const stalls: Stall[] = [];
    for (const range of ranges) {
      const name = `${range.topic}/${range.partition}`;
      if (!names.has(name)) continue;
      const stall = this.#judge(range, committed.get(name));
      if (stall && !(await this.#isEmpty(stall, range.end))) stalls.push(stall);
    }
    return stalls;
  }

  #judge({ topic, partition, start, end }: PartitionRange, committed: number | undefined): Stall | null {
    const name = `${topic}/${partition}`;
    const doings = this.#stream.progress.of({ topic, partition });
    const offset = Math.max(committed ?? start, start);
    const lag = end - offset;
    const mark = `${doings.done} ${committed ?? ''}`;
    const seen = this.#seen.get(name);
    const at = performance.now();
    if (lag <= 0 || seen?.mark !== mark) {
      this.#seen.set(name, { mark, at });
      return null;
    }
    const forMs = at - seen.at;
    if (forMs < this.#stallMs) return null;
    const { unwell } = doings;
    // A try that has been under way for longer than this is hung itself.
    const isTrying = unwell !== null && at - unwell.at < 2 * this.#stallMs;
    return {
      topic,
      partition,
      offset,
      lag,
      forMs,
      running: doings.running > 0,
      unwell: isTrying ? unwell.error : null,
    };
  }

  /** Whether none of the offsets that are counted as lag holds a record; then the partition is only idle. */
  async #isEmpty({ topic, partition, offset, running }: Stall, end: number): Promise<boolean> {
    if (running) return false;
    const name = `${topic}/${partition}`;
    const range = `${offset}-${end}`;
    if (this.#empty.get(name) !== range && (await this.#holdsRecords(topic, partition, offset, end)))
      return false;
    this.#empty.set(name, range);
    this.#seen.delete(name);
    return true;
  }

  async #holdsRecords(topic: string, partition: number, offset: number, end: number): Promise<boolean> {
    const stop = new AbortController();
    const from = new Map([[partition, offset]]);
    const to = new Map([[partition, end]]);
    const reading = this.#stream.log.read(topic, { from, to, signal: stop.signal });
    const first = async () => {
      for await (const { records } of reading) if (records.length > 0) return true;
      return false;
    };
    return within(first(), this.#stallMs).finally(() => stop.abort());
  }
}

/** A stall in one line, for people. */
export function describeStall(
  stream: string,
  { topic, partition, lag, forMs, running, unwell }: Stall,
): string {
  const state = unwell
    ? `it is tried again: ${unwell.message}`
    : running
      ? 'its work does not end'
      : 'it is silent';
  return `stream ${stream}: ${topic}/${partition} has lag ${lag} and no progress for ${Math.round(forMs / 1_000)} s; ${state}`;
}
