// One partition of a log in memory, with a committed position and fencing as Kafka has them, and a loop that treats a
// delivery as streams/run.ts does: resume once per assignment, promised range first, the same chunk again on Retryable.
import type { Chunk, Delivery } from '../../../connectors/delivery.ts';
import type { Batch, Position, StoredRecord } from '../../../connectors/log.ts';
import { Fenced, Retryable } from '../../../schemas/errors.ts';
import type { Outcome } from '../../../schemas/outcome.ts';
import type { Message } from '../../../schemas/topic.ts';

export type OutcomeOf = (record: StoredRecord) => Outcome<Message>;

export class Partition {
  readonly topic: string;
  readonly partition: number;
  records: StoredRecord[];
  #position: Position | null = null;
  /** Every commit, in order. */
  readonly commits: (readonly [offset: number, metadata: string])[] = [];
  heartbeats = 0;
  #generation = 0;

  constructor(topic: string, offsets: readonly number[], partition = 0) {
    this.topic = topic;
    this.partition = partition;
    this.records = offsets.map((offset) => ({
      offset,
      key: null,
      value: Buffer.from('x'),
      headers: {},
      timestamp: 1_763_722_800_000 + offset,
    }));
  }

  get position(): Position | null {
    return this.#position;
  }
  set position(position: Position | null) {
    this.#position = position;
  }

  /** Gives the partition to a member: batches of members before it are fenced from now on. */
  assign(): Batch {
    this.#generation += 1;
    const generation = this.#generation;
    const { topic, partition } = this;
    const assertMember = (): void => {
      if (generation !== this.#generation) throw new Fenced(`generation ${generation} is over`);
    };
    const from = this.position?.offset ?? 0;
    const records = this.records.filter(({ offset }) => offset >= from);
    return {
      topic,
      partition,
      records,
      generation,
      end: (this.records.at(-1)?.offset ?? -1) + 1,
      revoked: new AbortController().signal,
      committed: async () => this.position,
      commit: async (offset, metadata) => {
        assertMember();
        this.commits.push([offset, metadata]);
        this.position = { topic, partition, offset, metadata };
      },
      heartbeat: async () => {
        assertMember();
        this.heartbeats += 1;
      },
    };
  }
}

export const chunkOf = (
  batch: Batch,
  records: readonly StoredRecord[],
  outcomeOf: OutcomeOf,
): Chunk<Message> => ({
  batch,
  records,
  outcomes: records.map(outcomeOf),
  end: records.at(-1)!.offset + 1,
});

export interface Reading {
  readonly outcomeOf: OutcomeOf;
  readonly chunkRecords: number;
}

/** Delivers everything that is not committed; resolves with the ends of the chunks, rejects with what is no Retryable. */
export async function deliverAll(
  partition: Partition,
  delivery: Delivery<Message>,
  { outcomeOf, chunkRecords }: Reading,
): Promise<readonly number[]> {
  const batch = partition.assign();
  let rest = batch.records;
  const ends: number[] = [];
  const next = async (count: number): Promise<void> => {
    const chunk = chunkOf(batch, rest.slice(0, count), outcomeOf);
    rest = rest.slice(count);
    await persist(delivery, chunk);
    ends.push(chunk.end);
  };
  const { chunkEnd } = await delivery.resume(batch);
  if (chunkEnd !== undefined) {
    const promised = rest.filter(({ offset }) => offset < chunkEnd).length;
    if (promised > 0) await next(promised);
  }
  while (rest.length > 0) await next(chunkRecords);
  return ends;
}

async function persist(delivery: Delivery<Message>, chunk: Chunk<Message>): Promise<void> {
  for (;;) {
    try {
      return await delivery.deliver(chunk);
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
    }
  }
}
