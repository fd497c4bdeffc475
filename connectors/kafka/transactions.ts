// Publishing in Kafka transactions: records and the group's position become visible together or not at all.
// kafkajs commits offsets in a transaction without the member's generation, so the group does not fence a member
// that lost its partition: the transactional id does. Whoever opens an id (InitProducerId) settles what its earlier
// holder had under way, and makes every later request of that holder fail.
import type { Transaction } from 'kafkajs';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import type { Position, TransactionalPublisher } from '../log.ts';
import type { NewKafka } from './client.ts';
import { calling, failureOf, isProducerFencing } from './failure.ts';
import type { Order, TopicRecords } from './request.ts';
import { type Sender, senderOf, topicsOf } from './sender.ts';
import { notingPartitioner } from './stock-request.ts';

// The markers of a transaction are written after its commit was acknowledged; a next one that begins before is sent
// away for a moment, so the first pause is short.
const retry = { initialRetryTime: 10, maxRetryTime: 2_000, retries: 12 };

/** The broker aborts a transaction that is open for longer, in milliseconds. Until then its records hold up readers. */
const transactionTimeoutMs = 30_000;

/** Takes the transactional id over. Throws `Retryable` or `Misconfigured` when the brokers do not give it. */
export async function openTransactional(newKafka: NewKafka, id: string): Promise<TransactionalPublisher> {
  const producer = newKafka(retry).producer({
    transactionalId: id,
    transactionTimeout: transactionTimeoutMs,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    createPartitioner: notingPartitioner,
    retry,
  });
  try {
    await calling(`take the transactional id ${id}`, async () => {
      await producer.connect();
      // kafkajs takes the id with its first transaction; an empty one ends without a request.
      const empty = await producer.transaction();
      await empty.abort();
    });
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
  return new KafkaTransactions(senderOf(newKafka, producer, retry), newKafka.compression, id);
}

class KafkaTransactions implements TransactionalPublisher {
  readonly #sender: Sender;
  readonly #compression: NewKafka['compression'];
  readonly #id: string;
  #spent = false;
  #closed = false;
  #working: Promise<void> = Promise.resolve();

  constructor(sender: Sender, compression: NewKafka['compression'], id: string) {
    this.#sender = sender;
    this.#compression = compression;
    this.#id = id;
  }

  publish(batches: readonly TopicRecords[], position: Position & { readonly group: string }): Promise<void> {
    if (this.#spent)
      return Promise.reject(
        new Retryable(`The transactional id ${this.#id} has to be opened anew.`, {
          code: 'kafka-transaction-spent',
        }),
      );
    const working = this.#transact(batches, position);
    this.#working = working.catch(() => undefined);
    return working;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#spent = true;
    await this.#working;
    await this.#sender.producer.disconnect().catch(() => undefined); // nothing is left to save
  }

  // A producer that failed once is not used again: kafkajs counts a failed request as not written, and if it was
  // written after all, the next one under the same sequence numbers would be dropped as a repeat.
  async #transact(
    batches: readonly TopicRecords[],
    position: Position & { readonly group: string },
  ): Promise<void> {
    this.#spent = true;
    const topics = batches.map(({ topic }) => topic).join(', ');
    let transaction: Transaction | undefined;
    try {
      transaction = await this.#sender.producer.transaction();
      await this.#send(transaction, batches);
      await sendPosition(transaction, position);
      await transaction.commit();
      this.#spent = this.#closed;
    } catch (error) {
      // One that cannot be aborted now is aborted by the next holder of the id, or by the broker in time.
      if (transaction?.isActive()) await transaction.abort().catch(() => undefined);
      if (isProducerFencing(error))
        throw new Fenced(`The transactional id ${this.#id} has a new holder.`, { cause: error });
      throw failureOf(error, `publish to ${topics} in a transaction`);
    }
  }

  async #send(transaction: Transaction, batches: readonly TopicRecords[]): Promise<void> {
    const order: Order = { batches, published: [], failed: false, resolve() {}, reject() {} };
    await this.#sender.learn(topicsOf([order]));
    for (const request of this.#sender.cut([order]))
      await transaction.sendBatch({
        topicMessages: request.messages(),
        acks: -1,
        compression: this.#compression,
      });
  }
}

function sendPosition(
  transaction: Transaction,
  { group, topic, partition, offset, metadata }: Position & { readonly group: string },
): Promise<void> {
  // kafkajs sends the metadata of a transaction's offsets, though its types do not know it.
  const place = { partition, offset: String(offset), metadata };
  return transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [place] }] });
}
