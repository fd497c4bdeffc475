// A fetched batch with what its handler may do: commit, heartbeat, ask for the committed position.
import type { EachBatchPayload, Batch as KafkaJsBatch } from 'kafkajs';
import { Fenced } from '../../schemas/errors.ts';
import type { Batch, Position, StoredRecord } from '../log.ts';
import type { Commits } from './commits.ts';
import { failureOf, isFencing, isRebalancing } from './failure.ts';
import { fetchedRecords } from './fetched.ts';
import { storedRecord } from './record.ts';
import type { Tenure } from './tenure.ts';

const metadataBytesMax = 4_096;

/** What a batch asks of the subscription it belongs to. */
export interface Membership {
  /** Those of the batch’s tenure. */
  readonly commits: Commits;
  committed(topic: string, partition: number): Promise<Position | null>;
  /** Called with the client's error when it says that the group rebalances or that this member is out of it. */
  leaving(error: Error): void;
}

export function kafkaBatch(payload: EachBatchPayload, tenure: Tenure, membership: Membership): Batch {
  const { topic, partition, highWatermark } = payload.batch;
  const { records, next } = recordsOf(payload.batch);
  const last = records.at(-1)!.offset;

  // A rebalance that has begun is no reason to stop: the member may finish its work and commit before it joins.
  const asMember = async (doing: string, call: () => Promise<void>): Promise<void> => {
    tenure.check();
    try {
      await call();
    } catch (error) {
      const fenced = isFencing(error);
      if (!(error instanceof Error) || !(fenced || isRebalancing(error))) throw failureOf(error, doing);
      if (fenced) tenure.end();
      membership.leaving(error);
      if (fenced || doing !== 'heartbeat')
        throw new Fenced(`Kafka refused to ${doing}: ${error.message}`, { cause: error });
    }
  };

  return {
    topic,
    partition,
    records,
    generation: tenure.generation,
    end: Number(highWatermark),
    next,
    revoked: tenure.revoked,
    committed: () => membership.committed(topic, partition),
    heartbeat: () => asMember('heartbeat', () => payload.heartbeat()),
    async commit(offset, metadata) {
      if (Buffer.byteLength(metadata) > metadataBytesMax)
        throw new RangeError(
          `Commit metadata has ${Buffer.byteLength(metadata)} bytes; ${metadataBytesMax} are allowed.`,
        );
      const place = { topic, partition, offset: String(offset === last + 1 ? next : offset), metadata };
      await asMember(`commit offset ${offset} of ${topic}/${partition}`, () =>
        // Not `consumer.commitOffsets`: it crashes the consumer when fenced and does nothing once it is stopping.
        membership.commits.commit(place, (offsets) => payload.commitOffsetsIfNecessary(offsets)),
      );
    },
  };
}

/** The records for the handler, and where to go on after all that was fetched. Throws `CorruptBatch`. */
function recordsOf(batch: KafkaJsBatch): {
  readonly records: readonly StoredRecord[];
  readonly next: number;
} {
  const fetched = fetchedRecords(batch.messages);
  if (fetched) return { records: fetched.decode(), next: fetched.next };
  // The last offset counts what kafkajs filters out.
  return { records: batch.messages.map(storedRecord), next: Number(batch.lastOffset()) + 1 };
}
