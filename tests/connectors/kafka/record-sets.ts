// Record sets and Fetch responses as a broker writes them, for tests of what is read from them.
import { crc32c } from '@node-rs/crc32';
import type { AbortedTransaction } from '../../../connectors/kafka/fetched.ts';
import type { LogRecord } from '../../../connectors/log.ts';
import { encodeRecords } from '../../../connectors/record-batch/encode.ts';
import { stampProducer } from '../../../connectors/record-batch/header.ts';

const attributesAt = 21;
const controlFlag = 0x20;

/** One batch; with a producer id it is part of a transaction. */
export function batch(baseOffset: number, records: readonly LogRecord[], producerId = -1): Buffer {
  const bytes = encodeRecords(records, baseOffset);
  if (producerId < 0) return bytes;
  const stamp = { producerId, producerEpoch: 0, sequence: 0, transactional: true, compression: 0 };
  stampProducer(bytes, 0, bytes.length, stamp);
  return bytes;
}

/** The end of a producer’s transaction. */
export function marker(offset: number, producerId: number, end: 'commit' | 'abort'): Buffer {
  const key = Buffer.from([0, 0, 0, end === 'commit' ? 1 : 0]);
  const bytes = batch(offset, [{ key, value: Buffer.alloc(6), headers: {}, timestamp: 1 }], producerId);
  bytes.writeInt16BE(bytes.readInt16BE(attributesAt) | controlFlag, attributesAt);
  return sealed(bytes);
}

/** The batch with a right checksum for what it is now. */
export function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesAt)), 17);
  return bytes;
}

/** A Fetch response of one topic, `t`, version 4 to 11. */
export function fetchResponse(
  version: number,
  partitions: readonly {
    readonly partition: number;
    readonly set: Buffer;
    readonly aborted?: readonly AbortedTransaction[];
    readonly highWatermark?: number;
  }[],
): Buffer {
  const bodies = partitions.map(({ partition, set, aborted = [], highWatermark = 1_000 }) =>
    Buffer.concat([
      int32(partition),
      int16(0),
      int64(highWatermark),
      int64(highWatermark),
      version >= 5 ? int64(0) : none,
      int32(aborted.length),
      ...aborted.flatMap(({ producerId, firstOffset }) => [int64(producerId), int64(firstOffset)]),
      version >= 11 ? int32(-1) : none,
      int32(set.length),
      set,
    ]),
  );
  const session = version >= 7 ? [int16(0), int32(0)] : [];
  const topic = [int32(1), int16(1), Buffer.from('t'), int32(partitions.length)];
  return Buffer.concat([int32(0), ...session, ...topic, ...bodies]);
}

const none = Buffer.alloc(0);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
