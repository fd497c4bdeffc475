// Delivers outcomes to topics in transactions (`exactlyOnce: kafka`): a chunk's outputs and its committed end become
// visible together. The order is the guarantee, at every assignment and after every failure:
//   1. the partition's transactional id is opened, which settles or aborts what an earlier holder had under way and
//      shuts that holder out;
//   2. the committed position is read: what lies before it is done, whatever this member has fetched;
//   3. that position is committed again as a member of the group, which only the partition's owner may do;
//   4. chunks are published and committed under the id.
// Without 2 a member that fetched before 1 would repeat its predecessor's last chunk. Without 3 a member that lost the
// partition could take the id back and go on behind the owner.
//
// A change of mode is safe both ways. From TopicDelivery: its journal (connectors/output-ends.ts) says where to look
// for outputs of a chunk that was published and not committed; they are not published again, and the journal is kept
// in the metadata until all of that input is done. To TopicDelivery: a commit of this file has no journal, which
// TopicDelivery takes for "nothing is published beyond the commit", and in this mode that is so. While processes of
// both modes run in one group, a chunk may be published twice, under the same ids.
import { Fenced, Misconfigured, Retryable } from '../schemas/errors.ts';
import { publishedIds, recordsOf } from './chunk-outputs.ts';
import type { Chunk, Delivery, Output, Resumption } from './delivery.ts';
import type { Batch, TransactionalPublisher } from './log.ts';
import { Ends } from './output-ends.ts';
import type { TopicDeliveryOptions } from './topic-delivery.ts';

export interface TransactionalDeliveryOptions extends TopicDeliveryOptions {
  /** The consumer group that the stream reads in. */
  readonly group: string;
}

/** What is known of one assigned partition. */
interface Assignment {
  readonly generation: number;
  /** Null until it is opened, and again after a failure. */
  publisher: TransactionalPublisher | null;
  /** Input before this offset is done. */
  done: number;
  /** TopicDelivery’s journal, as it was committed; empty when there is none or it is not needed any more. */
  journal: string;
  /** Ids found behind that journal. */
  published: ReadonlySet<string>;
  /** Input offsets from here on were never handled before. */
  readonly newFrom: number;
}

export class TransactionalDelivery implements Delivery<Output> {
  readonly #options: TransactionalDeliveryOptions;
  readonly #openId: (id: string) => Promise<TransactionalPublisher>;
  readonly #assignments = new Map<string, Assignment>();

  /** Throws `Misconfigured` when the log has no transactions. */
  constructor(options: TransactionalDeliveryOptions) {
    const { log } = options;
    if (!log.transactional)
      throw new Misconfigured('This log has no transactions.', {
        code: 'no-transactions',
        fix: 'Unset MILLRACE_EXACTLY_ONCE, or run on Kafka with KAFKA_CLIENT=kafkajs.',
      });
    this.#openId = log.transactional.bind(log);
    this.#options = options;
  }

  async resume(batch: Batch): Promise<Resumption> {
    await this.#release(this.#assignments.get(keyOf(batch)));
    const assignment: Assignment = {
      generation: batch.generation,
      publisher: null,
      done: 0,
      journal: '',
      published: new Set(),
      newFrom: batch.end,
    };
    this.#assignments.set(keyOf(batch), assignment);
    batch.revoked.addEventListener('abort', () => void this.#release(assignment), { once: true });
    await this.#open(batch, assignment, batch.records[0]!.offset);
    return {};
  }

  async deliver(chunk: Chunk<Output>): Promise<void> {
    const { batch, end, records } = chunk;
    const assignment = this.#assignments.get(keyOf(batch))!;
    if (assignment.generation !== batch.generation)
      throw new Fenced(`${keyOf(batch)} was given out anew since this chunk was fetched`);
    const publisher = assignment.publisher ?? (await this.#open(batch, assignment, records[0]!.offset));
    if (end <= assignment.done) return;
    if (end >= assignment.newFrom) assignment.journal = '';
    const isDone = (id: string, record: { readonly offset: number }): boolean =>
      record.offset < assignment.done || assignment.published.has(id);
    const isAllNew = records[0]!.offset >= assignment.done && assignment.published.size === 0;
    const batches = recordsOf(chunk, this.#options, isAllNew ? null : isDone);
    // Nothing has to become visible together with this commit, and the group itself checks who commits.
    if (batches.length === 0) await batch.commit(end, assignment.journal);
    else await this.#publish(chunk, assignment, publisher, batches);
    assignment.done = end;
    if (assignment.journal === '') assignment.published = new Set();
  }

  // Any failure leaves it open whether the transaction was committed. The next attempt opens the id again, which
  // settles it, and the committed position tells.
  async #publish(
    { batch: { topic, partition, records, next }, end }: Chunk<Output>,
    assignment: Assignment,
    publisher: TransactionalPublisher,
    batches: Parameters<TransactionalPublisher['publish']>[0],
  ): Promise<void> {
    const { group } = this.#options;
    const offset = end === records.at(-1)!.offset + 1 ? (next ?? end) : end;
    const position = { group, topic, partition, offset, metadata: assignment.journal };
    try {
      await publisher.publish(batches, position);
    } catch (error) {
      void this.#release(assignment);
      // Perhaps the partition has moved, perhaps the broker gave up a transaction that took too long: whether this
      // member still owns the partition is found out when it opens the id again.
      if (error instanceof Fenced)
        throw new Retryable(error.message, { code: 'transactional-id-taken', cause: error });
      throw error;
    }
  }

  async #open(batch: Batch, assignment: Assignment, first: number): Promise<TransactionalPublisher> {
    const { group } = this.#options;
    if (batch.revoked.aborted) throw new Fenced(`${keyOf(batch)} is being taken away`);
    const publisher = await this.#openId(`${group}-${batch.topic}-${batch.partition}`);
    try {
      const committed = await batch.committed();
      // Below 0: retention has removed the committed place; the group goes on at the start of the log.
      const position = committed && committed.offset >= 0 ? committed : { offset: first, metadata: '' };
      await batch.commit(position.offset, position.metadata);
      assignment.done = position.offset;
      await this.#readBack(assignment, position.metadata);
    } catch (error) {
      await publisher.close();
      throw error;
    }
    assignment.publisher = publisher;
    if (batch.revoked.aborted) await this.#release(assignment);
    return publisher;
  }

  async #readBack(assignment: Assignment, journal: string): Promise<void> {
    const journalled = Ends.parse(journal);
    if (!journalled) return;
    const { log, outputTopics } = this.#options;
    const now = new Ends();
    for (const range of await log.ranges(outputTopics)) now.set(range);
    assignment.published = await publishedIds(log, this.#options, journalled, now);
    assignment.journal = journal;
  }

  /** Closes the producer once what it has under way is through. */
  async #release(assignment: Assignment | undefined): Promise<void> {
    const publisher = assignment?.publisher;
    if (!publisher) return;
    assignment.publisher = null;
    await publisher.close();
  }
}

const keyOf = (batch: Batch): string => `${batch.topic}/${batch.partition}`;
