// The Fetch response, versions 4 to 11 (kafka.apache.org/protocol#The_Messages_Fetch), in kafkajs’s shape.
import { CorruptBatch } from '../record-batch/decode.ts';
import { type AbortedTransaction, readRecordSet } from './fetched.ts';

export const fetchVersionMin = 4;

/** Which offset was asked for, of a topic’s partition. */
export type AskedOffset = (topic: string, partition: number) => number;

export interface FetchResponse {
  /** Size of the response. */
  readonly bytes: number;
  readonly throttleTime: number;
  readonly clientSideThrottleTime?: number;
  readonly errorCode?: number;
  readonly sessionId?: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  /** For kafkajs there are none: what they void is gone already. */
  readonly abortedTransactions: readonly never[];
  readonly preferredReadReplica?: number;
  readonly messages: readonly object[];
}

/** What a partition holds at the offset that was asked for is damaged, and stays so. */
export class CorruptPartition extends Error {
  override readonly name = 'CorruptPartition';
  readonly code = 'kafka-corrupt-batch';
  /** For kafkajs, which tries again what does not say so. */
  readonly retriable = false;
}

/** Bytes may be damaged on their way, too: a place is fetched a second time before it counts as damaged. */
export class Damages {
  readonly #places = new Set<string>();

  /** Throws `CorruptPartition` the second time. */
  report(topic: string, partition: number, from: number, error: CorruptBatch): void {
    const place = `${topic}/${partition}`;
    const key = `${place}@${from}`;
    if (this.#places.has(key))
      throw new CorruptPartition(
        `Kafka: ${place} cannot be read from offset ${from} on: ${error.message}. Look at the broker’s disk; to go on without the batch, move the group past it.`,
      );
    this.#places.add(key);
  }
}

/** Throws `CorruptPartition` where the first batch of a partition is damaged, and was the last time. */
export async function decodeFetchResponse(
  bytes: Buffer,
  version: number,
  asked: AskedOffset,
  damages: Damages,
): Promise<FetchResponse> {
  const cursor = new Cursor(bytes);
  const throttleMs = cursor.int32();
  const session = version >= 7 ? { errorCode: cursor.int16(), sessionId: cursor.int32() } : {};
  const responses = [];
  for (let topics = cursor.int32(); topics > 0; topics--) {
    const topicName = cursor.string();
    const partitions: FetchedPartition[] = [];
    for (let left = cursor.int32(); left > 0; left--)
      partitions.push(await decodePartition(cursor, version, topicName, asked, damages));
    responses.push({ topicName, partitions });
  }
  // From version 8 on the broker has answered before it throttles: then it is the client that waits.
  const throttle =
    version >= 8 ? { throttleTime: 0, clientSideThrottleTime: throttleMs } : { throttleTime: throttleMs };
  return { bytes: bytes.length, ...throttle, ...session, responses };
}

async function decodePartition(
  cursor: Cursor,
  version: number,
  topic: string,
  asked: AskedOffset,
  damages: Damages,
): Promise<FetchedPartition> {
  const partition = cursor.int32();
  const errorCode = cursor.int16();
  const highWatermark = String(cursor.int64());
  const lastStableOffset = String(cursor.int64());
  if (version >= 5) cursor.int64(); // where the log starts
  const aborted: AbortedTransaction[] = [];
  for (let left = cursor.int32(); left > 0; left--)
    aborted.push({ producerId: cursor.int64(), firstOffset: cursor.int64() });
  const replica = version >= 11 ? { preferredReadReplica: cursor.int32() } : {};
  const set = cursor.bytes(Math.max(0, cursor.int32()));
  const from = asked(topic, partition);
  const messages = await readRecordSet(set, from, aborted).catch((error: unknown) => {
    if (!(error instanceof CorruptBatch)) throw error;
    damages.report(topic, partition, from, error);
    return [];
  });
  return {
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    abortedTransactions: [],
    ...replica,
    messages,
  };
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  /** Exact below 2^53. */
  int64(): number {
    this.#at += 8;
    return this.#bytes.readInt32BE(this.#at - 8) * 0x1_0000_0000 + this.#bytes.readUInt32BE(this.#at - 4);
  }

  string(): string {
    return this.bytes(this.int16()).toString();
  }

  bytes(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
