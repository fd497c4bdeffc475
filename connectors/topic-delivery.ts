// Delivers outcomes to topics so that a restart repeats nothing. The order is the guarantee:
//   1. an assignment without a commit journals where the output topics end, before anything is published;
//   2. a chunk's outputs are published, under ids that are the same on every run;
//   3. the chunk's end is committed, with where the outputs end now beside it.
// After a crash, whatever was published for uncommitted input lies behind the journalled ends: it is read back once,
// and outputs whose ids are there are not published again. A zombie that publishes after that read can still repeat
// one chunk; its ids make the repeat recognisable.
import { Fenced, Retryable } from '../schemas/errors.ts';
import { type OutputOptions, publishedIds, recordsOf } from './chunk-outputs.ts';
import type { Chunk, Delivery, Output, Resumption } from './delivery.ts';
import type { Batch, Log } from './log.ts';
import { Ends } from './output-ends.ts';

/** Outputs that may be read back after a crash before the journal is renewed: bounds the time a restart takes. */
const journalLagMax = 100_000;

export interface TopicDeliveryOptions extends OutputOptions {
  readonly log: Log;
  /** Every topic that outputs may go to, dead letters included. */
  readonly outputTopics: readonly string[];
}

/** What is known of one assigned partition. */
interface Assignment {
  readonly generation: number;
  /** Where the outputs ended at the partition's last commit. */
  journalled: Ends;
  /** Ids found behind the journal; null when nothing can have been published twice. */
  published: ReadonlySet<string> | null;
  /** Input offsets from here on were never handled before. */
  newFrom: number;
  /** A publish failed, applied or not: what is behind the journal decides before anything is published again. */
  isUncertain: boolean;
}

export class TopicDelivery implements Delivery<Output> {
  readonly #options: TopicDeliveryOptions;
  readonly #assignments = new Map<string, Assignment>();
  /** Chunks whose outputs are there: one whose commit failed comes again, and must not be published again. */
  readonly #done = new WeakSet<Chunk<Output>>();
  #ends: Ends | null = null;

  constructor(options: TopicDeliveryOptions) {
    this.#options = options;
  }

  async resume(batch: Batch): Promise<Resumption> {
    this.#ends ??= await this.#readEnds();
    const ends = this.#ends;
    const committed = await batch.committed();
    const assignment: Assignment = {
      generation: batch.generation,
      journalled: ends.copy(),
      published: null,
      newFrom: batch.end,
      isUncertain: false,
    };
    this.#assignments.set(keyOf(batch), assignment);
    const journalled = committed && Ends.parse(committed.metadata);
    if (journalled) {
      assignment.journalled = journalled;
      assignment.published = await this.#readBack(journalled);
    } else {
      await batch.commit(batch.records[0]!.offset, ends.print());
    }
    return {};
  }

  async deliver(chunk: Chunk<Output>): Promise<void> {
    const { batch } = chunk;
    const assignment = this.#assignments.get(keyOf(batch))!;
    // An abandoned handler that goes on must not touch what its successor in this process knows.
    if (assignment.generation !== batch.generation)
      throw new Fenced(`${keyOf(batch)} was assigned anew since this chunk was read`);
    const ends = this.#ends!;
    if (ends.distanceFrom(assignment.journalled) > journalLagMax) {
      assignment.journalled = ends.copy();
      await batch.commit(chunk.records[0]!.offset, ends.print());
    }
    if (!this.#done.has(chunk)) await this.#publish(chunk, assignment);
    this.#done.add(chunk);
    assignment.journalled = ends.copy();
    await batch.commit(chunk.end, ends.print());
    if (chunk.end >= assignment.newFrom) assignment.published = null;
  }

  async #publish(chunk: Chunk<Output>, assignment: Assignment): Promise<void> {
    if (assignment.isUncertain) {
      // Throws while the log cannot be read, and is then the first thing of the next attempt, too.
      assignment.published = await this.#readBack(assignment.journalled);
      assignment.isUncertain = false;
    }
    const { published } = assignment;
    const batches = recordsOf(chunk, this.#options, published && ((id) => published.has(id)));
    if (batches.length === 0) return;
    try {
      for (const landed of await this.#options.log.publish(batches)) this.#ends!.advance(landed);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      assignment.isUncertain = true;
      assignment.newFrom = Math.max(assignment.newFrom, chunk.end);
      throw error;
    }
  }

  async #readEnds(): Promise<Ends> {
    const ends = new Ends();
    for (const range of await this.#options.log.ranges(this.#options.outputTopics)) ends.set(range);
    return ends;
  }

  /** Ids of everything published since the journalled ends; null when there is nothing. */
  async #readBack(journalled: Ends): Promise<ReadonlySet<string> | null> {
    const now = await this.#readEnds();
    this.#ends!.raise(now);
    const ids = await publishedIds(this.#options.log, this.#options, journalled, now);
    return ids.size > 0 ? ids : null;
  }
}

const keyOf = (batch: Batch): string => `${batch.topic}/${batch.partition}`;
