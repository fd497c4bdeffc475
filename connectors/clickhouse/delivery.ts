// Delivers messages into their topic's table, effectively once. The order is the guarantee:
//   1. the range is journalled: commit(start, { end }), which also proves that the partition is still ours;
//   2. its rows are inserted as one block, under a token named after the range and with a deadline;
//   3. the range is committed: commit(end, '').
// A restart between 1 and 3 finds the journal, is handed exactly that range again and inserts under the same token:
// ClickHouse drops what it has, in the table and in every view on it. When so much time has passed that ClickHouse
// may have forgotten the token, the table itself is asked which rows of the range are there.

import { tableName } from '../../schemas/print/clickhouse.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import type { Clickhouse } from '../clickhouse.ts';
import type { Chunk, Delivery, Resumption } from '../delivery.ts';
import type { Batch } from '../log.ts';
import { type Journal, parseJournal, printJournal, tokenOf } from './journal.ts';
import { RowEncoder } from './row-encoder.ts';
import { assertStored, type JournalledRange, retentionPassed, storedOffsets } from './stored-offsets.ts';

/** What the sink tells about itself, as it happens. */
export interface SinkObserver {
  inserted(topic: string, rows: number, seconds: number): void;
  /** A journalled range came again: it went in under its token, or the table said how much of it was there. */
  repeated(topic: string, partition: number, found: 'token' | 'all' | 'some' | 'none'): void;
}

export interface ClickhouseDeliveryOptions {
  readonly clickhouse: Clickhouse;
  /** Every topic that chunks may come from. */
  readonly topics: readonly Topic[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** ClickHouse refuses an insert that reaches it later than this after it was sent, in milliseconds. */
  readonly deadlineMs: number;
  /**
   * How long ClickHouse surely remembers a token, in milliseconds. Its window holds 10,000 inserts of a table, so
   * this times the inserts per second into one table must stay below that.
   */
  readonly tokenMemoryMs: number;
  /** Takes care of an invalid outcome, the dead letter, before the chunk is committed. */
  readonly refuse: (chunk: Chunk<Message>, index: number) => Promise<void>;
  readonly observer: SinkObserver;
}

/** What is kept of a chunk between attempts: the same bytes go out again. */
interface Work {
  readonly rows: Buffer;
  readonly rowCount: number;
  /** Invalid outcomes taken care of so far. */
  refused: number;
}

export class ClickhouseDelivery implements Delivery<Message> {
  readonly #options: ClickhouseDeliveryOptions;
  readonly #topics: ReadonlyMap<string, { readonly topic: Topic; readonly encoder: RowEncoder }>;
  /** Ranges journalled and not committed, by partition: what is in ClickHouse of them is not known. */
  readonly #open = new Map<string, Journal>();
  readonly #work = new WeakMap<Chunk<Message>, Work>();

  constructor(options: ClickhouseDeliveryOptions) {
    this.#options = options;
    this.#topics = new Map(
      options.topics.map((topic) => [topic.name, { topic, encoder: new RowEncoder(topic) }]),
    );
  }

  async resume(batch: Batch): Promise<Resumption> {
    const committed = await batch.committed();
    if (committed && committed.offset < 0) throw retentionPassed(keyOf(batch));
    const journal = parseJournal(committed);
    if (!journal) {
      this.#open.delete(keyOf(batch));
      return {};
    }
    this.#open.set(keyOf(batch), journal);
    return { chunkEnd: journal.end };
  }

  async deliver(chunk: Chunk<Message>): Promise<void> {
    const { batch } = chunk;
    const work = this.#workOf(chunk);
    await this.#refuseInvalid(chunk, work);
    const open = await this.#openRange(chunk);
    if (open) await this.#repeat(chunk, work, open);
    else if (work.rowCount > 0) await this.#insertFirst(chunk, work);
    await batch.commit(chunk.end, '');
    this.#open.delete(keyOf(batch));
  }

  async #insertFirst(chunk: Chunk<Message>, work: Work): Promise<void> {
    const { batch } = chunk;
    const journal = { start: chunk.records[0]!.offset, end: chunk.end, at: this.#options.now() };
    await batch.commit(journal.start, printJournal(journal));
    this.#open.set(keyOf(batch), journal);
    await this.#insert(batch, work, tokenOf(batch.topic, batch.partition, journal), journal.at);
  }

  /** A range that was journalled before, by this process or by one that is gone. */
  async #repeat(chunk: Chunk<Message>, work: Work, journal: Journal): Promise<void> {
    const { batch } = chunk;
    const { clickhouse, now, tokenMemoryMs, observer } = this.#options;
    // Who is no longer a member must not insert; a member that is has just proved it, so the deadline starts anew.
    await batch.heartbeat();
    const sent = now();
    const token = tokenOf(batch.topic, batch.partition, journal);
    // Also when every row is there: an insert that died between table and view is finished only by its token.
    if (sent - journal.at <= tokenMemoryMs) {
      observer.repeated(batch.topic, batch.partition, 'token');
      return this.#insert(batch, work, token, sent);
    }
    const present = await storedOffsets(clickhouse, this.#journalled(batch, journal));
    const found = present.size === 0 ? 'none' : this.#hasAll(chunk, present) ? 'all' : 'some';
    observer.repeated(batch.topic, batch.partition, found);
    if (found === 'none') await this.#insert(batch, work, token, sent);
    if (found === 'some') await this.#insert(batch, this.#encode(chunk, present), `${token}/rest`, sent);
  }

  async #insert(
    batch: Batch,
    work: Pick<Work, 'rows' | 'rowCount'>,
    token: string,
    sent: number,
  ): Promise<void> {
    if (work.rowCount === 0) return;
    const { topic, encoder } = this.#known(batch);
    const started = performance.now();
    await this.#options.clickhouse.insert({
      table: tableName(topic),
      columns: encoder.columns,
      rows: work.rows,
      rowCount: work.rowCount,
      token,
      deadline: sent + this.#options.deadlineMs,
    });
    this.#options.observer.inserted(topic.name, work.rowCount, (performance.now() - started) / 1_000);
  }

  #workOf(chunk: Chunk<Message>): Work {
    let work = this.#work.get(chunk);
    if (!work) {
      work = { ...this.#encode(chunk, new Set()), refused: 0 };
      this.#work.set(chunk, work);
    }
    return work;
  }

  /** Rows of the chunk’s outputs, less those of the offsets in `present`. */
  #encode(chunk: Chunk<Message>, present: ReadonlySet<number>): Pick<Work, 'rows' | 'rowCount'> {
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

  async #refuseInvalid(chunk: Chunk<Message>, work: Work): Promise<void> {
    let seen = 0;
    for (const [index, outcome] of chunk.outcomes.entries()) {
      if (outcome.kind !== 'invalid') continue;
      seen += 1;
      if (seen <= work.refused) continue;
      await this.#options.refuse(chunk, index);
      work.refused = seen;
    }
  }

  /** The open range that this chunk is. Throws `Misconfigured` when its records were deleted before they were stored. */
  async #openRange(chunk: Chunk<Message>): Promise<Journal | null> {
    const { batch, records, end } = chunk;
    const journal = this.#open.get(keyOf(batch));
    if (!journal) return null;
    const { topic } = this.#known(batch);
    if (records[0]!.offset >= journal.end) {
      if (!topic.compacted) await assertStored(this.#options.clickhouse, this.#journalled(batch, journal));
      this.#open.delete(keyOf(batch));
      return null;
    }
    if (end === journal.end || (topic.compacted && end < journal.end)) return journal;
    throw new Error(
      `${keyOf(batch)}: a journal promised the range ${journal.start}-${journal.end} whole, ` +
        `but the chunk is ${records[0]!.offset}-${end}: chunks must keep to Resumption.chunkEnd`,
    );
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
