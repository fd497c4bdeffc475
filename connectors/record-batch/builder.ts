// A record batch in the making: records are measured as they come, and written in one pass into one buffer.
import type { LogRecord } from '../log.ts';
import { recordBytes, writeRecord } from './encode.ts';
import { headerBytes, writeUnsealed } from './header.ts';
import { varintBytes, writeVarint } from './varint.ts';

export class BatchBuilder {
  readonly records: LogRecord[] = [];
  readonly #sizes: number[] = [];
  #bytes = headerBytes;

  /** Bytes of the batch as it stands, header included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the record unless the batch would exceed `bytesMax`; the first one is always taken. */
  add(record: LogRecord, bytesMax: number): boolean {
    const { records } = this;
    const size = recordBytes(record, record.timestamp - (records[0] ?? record).timestamp, records.length);
    const bytes = this.#bytes + size + varintBytes(size);
    if (bytes > bytesMax && records.length > 0) return false;
    records.push(record);
    this.#sizes.push(size);
    this.#bytes = bytes;
    return true;
  }

  /** The batch at offset 0, uncompressed; `stampProducer` seals it. There has to be a record. */
  encode(): Buffer {
    const { records } = this;
    const target = Buffer.allocUnsafeSlow(this.#bytes);
    const baseTimestamp = records[0]!.timestamp;
    let maxTimestamp = baseTimestamp;
    let at = headerBytes;
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
      at = writeVarint(target, at, this.#sizes[index]!);
      at = writeRecord(target, at, record, record.timestamp - baseTimestamp, index);
    }
    writeUnsealed(target, 0, {
      baseOffset: 0,
      lastOffset: records.length - 1,
      bytes: this.#bytes,
      count: records.length,
      baseTimestamp,
      maxTimestamp,
      appendTime: false,
    });
    return target;
  }
}
