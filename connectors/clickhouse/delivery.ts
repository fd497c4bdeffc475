// Delivers messages into their topic's table, effectively once. The order is the guarantee:
//   1. the range is journalled: commit(start, { end, … }), which also proves that the partition is still ours;
//   2. its rows are inserted as one block, under a token named after the range and with a deadline;
//   3. its dead letters are published;
//   4. the range is committed: commit(end, '').
// A restart between 1 and 4 finds the journal, is handed exactly that range again and inserts under the same token:
// ClickHouse drops what it has, in the table and in every view on it. When so much was inserted since that ClickHouse
// may have forgotten the token, the table itself is asked which rows of the range are there, and the views are compared
// with it. No step trusts this machine's clock.

import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { tableName } from '../../schemas/print/clickhouse.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import { type Clickhouse, QueryFailed } from '../clickhouse.ts';
import type { DeadLetterBox } from '../dead-letter-box.ts';
import type { Chunk, Delivery, Resumption } from '../delivery.ts';
import type { Batch } from '../log.ts';
import { type Journal, parseJournal, printJournal, tokenOf } from './journal.ts';
import { type LogStart, lostRecords } from './lost-records.ts';
import { RowEncoder } from './row-encoder.ts';
import type { DeadlineClock } from './server-clock.ts';
import { type JournalledRange, storedOffsets } from './stored-offsets.ts';
import type { TokenMemory } from './token-memory.ts';
import type { RepairedRange } from './view-repair.ts';

/** What the sink tells about itself, as it happens. */
export interface SinkObserver {
  inserted(topic: string, rows: number, seconds: number): void;
  /** A journalled range came again: it went in under its token, or the table said how much of it was there. */
  repeated(topic: string, partition: number, found: 'token' | 'all' | 'some' | 'none'): void;
  /** Told at every assignment: why the partition is not stored any further, or null when it is. */
  stopped(topic: string, partition: number, error: Retryable | null): void;
}

export interface ClickhouseDeliveryOptions {
  readonly clickhouse: Clickhouse;
  /** Every topic that chunks may come from. */
  readonly topics: readonly Topic[];
  /** Whether the rows of a topic are waited for: their inserts go before others. Without it none are. */
  readonly isUrgent?: (topic: Topic) => boolean;
  /** ClickHouse's clock, which it compares deadlines with. */
  readonly clock: DeadlineClock;
  /** ClickHouse refuses an insert that reaches it later than this after it was sent, in milliseconds. */
  readonly deadlineMs: number;
  readonly memory: Pick<TokenMemory, 'marks' | 'remembers'>;
  /** Gives views what they missed of a range whose rows are in the table. */
  readonly repairViews: (range: RepairedRange, stillOurs: () => Promise<void>) => Promise<void>;
  readonly letters: Pick<DeadLetterBox, 'lettersOf' | 'ends' | 'publish' | 'publishMissing'>;
  /** First offset that the log still holds of a partition. */
  readonly logStart: LogStart;
  readonly observer: SinkObserver;
}

interface Rows {
  readonly rows: Buffer;
  readonly rowCount: number;
}

/** What is kept of a chunk between attempts: the same bytes go out again. */
interface Work extends Rows {
  readonly letters: readonly DeadLetter[];
  isInserted: boolean;
}

/** A range journalled and not committed: what is in ClickHouse of it is not known. */
interface OpenRange extends Journal {
  /** The log has deleted its first records, so it cannot be made again whole. */
  readonly isTorn?: boolean;
}

export class ClickhouseDelivery implements Delivery<Message> {
  readonly #options: ClickhouseDeliveryOptions;
  readonly #topics: ReadonlyMap<string, { readonly topic: Topic; readonly encoder: RowEncoder }>;
  /** By partition, of its latest assignment: what an abandoned handler still does must not be taken for its. */
  readonly #open = new Map<string, { readonly generation: number; readonly range: OpenRange | null }>();
  readonly #work = new WeakMap<Chunk<Message>, Work>();

  constructor(options: ClickhouseDeliveryOptions) {
    this.#options = options;
    this.#topics = new Map(
      options.topics.map((topic) => [topic.name, { topic, encoder: new RowEncoder(topic) }]),
    );
  }

  /** Throws `Retryable` (`records-lost`) for as long as records are missing that were never stored. */
  async resume(batch: Batch): Promise<Resumption> {
    const { clickhouse, logStart, observer } = this.#options;
    this.#setOpen(batch, null);
    const committed = await batch.committed();
    const journal = parseJournal(committed);
    const { topic } = this.#known(batch);
    const lost = await lostRecords({ clickhouse, batch, topic, committed, journal, logStart });
    observer.stopped(batch.topic, batch.partition, lost);
    if (lost) throw lost;
    if (!journal) return {};
    const first = batch.records[0]!.offset;
    // All of it is deleted, and was stored.
    if (first >= journal.end) return {};
    const isTorn = first > journal.start && !topic.compacted;
    this.#setOpen(batch, { ...journal, isTorn });
    return { chunkEnd: journal.end };
  }

  async deliver(chunk: Chunk<Message>): Promise<void> {
    const { batch } = chunk;
    const work = this.#workOf(chunk);
    const open = this.#openRange(chunk);
    if (open) await this.#storeAgain(chunk, work, open);
    else if (work.rowCount > 0 || work.letters.length > 0) await this.#storeFirst(chunk, work);
    await batch.commit(chunk.end, '');
    this.#setOpen(batch, null);
  }

  async #storeFirst(chunk: Chunk<Message>, work: Work): Promise<void> {
    const { clock, letters, memory } = this.#options;
    const { batch } = chunk;
    // Before the journal proves that the partition is ours: who sleeps after that proof must find its deadline passed.
    const sent = await clock.now();
    const journal: Journal = {
      start: chunk.records[0]!.offset,
      end: chunk.end,
      at: sent,
      marks: await memory.marks(tableName(this.#known(batch).topic)),
      ...(work.letters.length > 0 ? { letters: await letters.ends() } : {}),
    };
    await batch.commit(journal.start, printJournal(journal));
    this.#setOpen(batch, journal);
    await this.#insertOnce(batch, work, tokenOf(batch.topic, batch.partition, journal), sent);
    await letters.publish(work.letters);
  }

  /** A range that was journalled before, by this process or by one that is gone. */
  async #storeAgain(chunk: Chunk<Message>, work: Work, journal: OpenRange): Promise<void> {
    if (work.rowCount > 0 && !work.isInserted) await this.#insertAgain(chunk, work, journal);
    work.isInserted = true;
    if (work.letters.length === 0) return;
    await this.#stillOurs(chunk.batch);
    await this.#options.letters.publishMissing(work.letters, journal.letters);
  }

  async #insertAgain(chunk: Chunk<Message>, work: Work, journal: OpenRange): Promise<void> {
    const { batch } = chunk;
    const { clickhouse, memory, observer, repairViews } = this.#options;
    const range = this.#journalled(batch, journal);
    const token = tokenOf(batch.topic, batch.partition, journal);
    if (!journal.isTorn && journal.marks && (await memory.remembers(range.table, journal.marks))) {
      observer.repeated(batch.topic, batch.partition, 'token');
      // Also when every row is there: an insert that died between table and view is finished only by its token.
      return this.#insertOnce(batch, work, token, await this.#stillOurs(batch));
    }
    const present = await storedOffsets(clickhouse, range);
    const found = present.size === 0 ? 'none' : this.#hasAll(chunk, present) ? 'all' : 'some';
    observer.repeated(batch.topic, batch.partition, found);
    // Views first: the rows that follow would make what they have of the others unrecognisable.
    if (found !== 'none')
      await repairViews({ ...range, token }, async () => void (await this.#stillOurs(batch)));
    if (found === 'none') await this.#insertOnce(batch, work, token, await this.#stillOurs(batch));
    if (found === 'some')
      await this.#insert(batch, this.#encode(chunk, present), `${token}/rest`, await this.#stillOurs(batch));
  }

  /** Instant to count a deadline from. Throws `Fenced` when the partition has moved since that instant. */
  async #stillOurs(batch: Batch): Promise<number> {
    const sent = await this.#options.clock.now();
    await batch.heartbeat();
    return sent;
  }

  async #insertOnce(batch: Batch, work: Work, token: string, sent: number): Promise<void> {
    await this.#insert(batch, work, token, sent);
    work.isInserted = true;
  }

  async #insert(batch: Batch, { rows, rowCount }: Rows, token: string, sent: number): Promise<void> {
    if (rowCount === 0) return;
    const { topic, encoder } = this.#known(batch);
    const table = tableName(topic);
    const deadline = sent + this.#options.deadlineMs;
    const started = performance.now();
    try {
      await this.#options.clickhouse.insert({
        table,
        columns: encoder.columns,
        rows,
        rowCount,
        token,
        deadline,
        urgent: this.#options.isUrgent?.(topic) ?? false,
      });
    } catch (error) {
      // Its clock may have been put right: the next attempt asks it anew instead of waiting for this one to catch up.
      if (error instanceof Retryable && error.code === 'insert-deadline') this.#options.clock.doubt();
      throw error instanceof QueryFailed ? refused(table, error) : error;
    }
    this.#options.observer.inserted(topic.name, rowCount, (performance.now() - started) / 1_000);
  }

  #workOf(chunk: Chunk<Message>): Work {
    let work = this.#work.get(chunk);
    if (!work) {
      const letters = this.#options.letters.lettersOf(chunk);
      work = { ...this.#encode(chunk, new Set()), letters, isInserted: false };
      this.#work.set(chunk, work);
    }
    return work;
  }

  /** Rows of the chunk’s outputs, less those of the offsets in `present`. */
  #encode(chunk: Chunk<Message>, present: ReadonlySet<number>): Rows {
    const { topic, partition } = chunk.batch;
    const { encoder } = this.#known(chunk.batch);
    for (const [index, outcome] of chunk.outcomes.entries()) {
      if (outcome.kind !== 'ok') continue;
      const { offset, timestamp } = chunk.records[index]!;
      if (present.has(offset)) continue;
      const origin = { topic, partition, offset, time: timestamp };
      for (const message of outcome.outputs) encoder.add(message, origin);
    }
    return encoder.take();
  }

  /** The open range that this chunk is. */
  #openRange({ batch, records, end }: Chunk<Message>): OpenRange | null {
    const known = this.#open.get(keyOf(batch));
    const journal = known?.generation === batch.generation ? known.range : null;
    if (!journal) return null;
    const { topic } = this.#known(batch);
    if (end === journal.end || (topic.compacted && end < journal.end)) return journal;
    throw new Error(
      `${keyOf(batch)}: a journal promised the range ${journal.start}-${journal.end} whole, ` +
        `but the chunk is ${records[0]!.offset}-${end}: chunks must keep to Resumption.chunkEnd`,
    );
  }

  #setOpen(batch: Batch, range: OpenRange | null): void {
    const known = this.#open.get(keyOf(batch));
    if (known && known.generation > batch.generation) return;
    this.#open.set(keyOf(batch), { generation: batch.generation, range });
  }

  #journalled(batch: Batch, journal: Journal): JournalledRange {
    const { topic, partition } = batch;
    return { ...journal, table: tableName(this.#known(batch).topic), topic, partition };
  }

  #hasAll(chunk: Chunk<Message>, present: ReadonlySet<number>): boolean {
    return chunk.outcomes.every(
      (outcome, index) =>
        outcome.kind !== 'ok' || outcome.outputs.length === 0 || present.has(chunk.records[index]!.offset),
    );
  }

  #known(batch: Batch): { readonly topic: Topic; readonly encoder: RowEncoder } {
    const known = this.#topics.get(batch.topic);
    if (known) return known;
    throw new Error(`The ClickHouse sink was given a chunk of ${batch.topic}, which has no table`);
  }
}

const keyOf = (batch: Batch): string => `${batch.topic}/${batch.partition}`;

const refused = (table: string, cause: QueryFailed): Misconfigured =>
  new Misconfigured(cause.message, {
    code: 'insert-refused',
    fix:
      `Nothing of it is stored or committed, and the log keeps the records. Compare the table with ` +
      `infra/clickhouse/ (DESCRIBE ${table}), put it right, then start again: the sink goes on with this insert`,
    cause,
  });
