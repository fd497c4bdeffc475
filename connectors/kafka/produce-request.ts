// The Produce request, versions 3 to 7 (kafka.apache.org/protocol#The_Messages_Produce), from batches that are already
// bytes. kafkajs keeps what belongs to the producer: leaders, retries, sequence numbers, transactions. In place of
// messages it is given batches, of which it knows the length.
import kafkajs, { type Message } from 'kafkajs';
import { BatchBuilder } from '../record-batch/builder.ts';
import { headerBytes, stampProducer } from '../record-batch/header.ts';

export const produceVersionMin = 3;

/** A partition’s share of a request. */
export class OutgoingBatch {
  readonly builder = new BatchBuilder();
  readonly partition: number;
  readonly #compression: number;
  #bytes: Promise<Buffer> | undefined;
  /** Offset of the first record once the broker has it. */
  baseOffset: number | undefined;

  constructor(partition: number, compression: number) {
    this.partition = partition;
    this.#compression = compression;
  }

  /** Number of records: what kafkajs counts sequence numbers by. */
  get length(): number {
    return this.builder.records.length;
  }

  /** The batch as it is sent. A repeat has the sequence number of the first attempt, from kafkajs, and so its bytes. */
  async stamped(producer: Producing, sequence: number): Promise<Buffer> {
    this.#bytes ??= compressed(this.builder.encode(), this.#compression);
    const bytes = await this.#bytes;
    stampProducer(bytes, 0, bytes.length, {
      producerId: Number(producer.producerId ?? -1),
      producerEpoch: producer.producerEpoch ?? -1,
      sequence,
      transactional: typeof producer.transactionalId === 'string',
      compression: this.#compression,
    });
    return bytes;
  }
}

/**
 * Batches by partition, where kafkajs wants an array of messages: it looks for bad ones, and groups them. Whoever else
 * looks, as instrumentation does, finds no messages.
 */
export function asMessages(batches: readonly OutgoingBatch[]): Message[] {
  const byPartition = Object.fromEntries(batches.map((batch) => [batch.partition, batch]));
  return Object.assign([], { find: () => undefined, reduce: () => byPartition });
}

/** Whose request it is, as kafkajs says it. */
interface Producing {
  readonly transactionalId?: string | null;
  readonly producerId?: string | number | { toString(): string };
  readonly producerEpoch?: number;
}

export interface ProduceParameters extends Producing {
  readonly acks: number;
  readonly timeout: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence: number;
      readonly messages: OutgoingBatch | readonly object[];
    }[];
  }[];
}

export interface ProduceResponse {
  readonly clientSideThrottleTime?: number;
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly baseOffset: string;
    }[];
  }[];
}

/** Whether the request is made of batches of ours. */
export const isOurs = ({ topicData }: ProduceParameters): boolean =>
  topicData.some(({ partitions }) => partitions.some(({ messages }) => messages instanceof OutgoingBatch));

/** The request’s body, in pieces: the batches stay where they were written. */
export async function encodeProduceRequest(parameters: ProduceParameters): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [
    nullableString(parameters.transactionalId ?? null),
    integers([2, parameters.acks], [4, parameters.timeout], [4, parameters.topicData.length]),
  ];
  for (const { topic, partitions } of parameters.topicData) {
    chunks.push(nullableString(topic), integers([4, partitions.length]));
    for (const { partition, firstSequence, messages } of partitions) {
      const bytes = await (messages as OutgoingBatch).stamped(parameters, firstSequence);
      chunks.push(integers([4, partition], [4, bytes.length]), bytes);
    }
  }
  return chunks;
}

/** Notes in the batches which of them the broker has, whatever became of the others. */
export function noteWritten(parameters: ProduceParameters, response: ProduceResponse): void {
  for (const { topicName, partitions } of response.topics)
    for (const { partition, errorCode, baseOffset } of partitions) {
      const sent = parameters.topicData.find(({ topic }) => topic === topicName);
      const batch = sent?.partitions.find((one) => one.partition === partition)?.messages;
      if (batch instanceof OutgoingBatch && errorCode === 0) batch.baseOffset = Number(baseOffset);
    }
}

async function compressed(batch: Buffer, compression: number): Promise<Buffer> {
  if (compression === 0) return batch;
  const codec = kafkajs.CompressionCodecs[compression as keyof typeof kafkajs.CompressionCodecs]();
  const records = await codec.compress({ buffer: batch.subarray(headerBytes) });
  const whole = Buffer.concat([batch.subarray(0, headerBytes), records]);
  whole.writeInt32BE(whole.length - 12, 8);
  return whole;
}

function nullableString(text: string | null): Buffer {
  if (text === null) return integers([2, -1]);
  const bytes = Buffer.from(text);
  return Buffer.concat([integers([2, bytes.length]), bytes]);
}

/** Numbers of the given sizes in bytes, one after another. */
function integers(...numbers: readonly (readonly [size: 2 | 4, value: number])[]): Buffer {
  const target = Buffer.alloc(numbers.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of numbers) at = target.writeIntBE(value, at, size);
  return target;
}
