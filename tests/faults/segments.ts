// Reads the embedded log's segment files without Millrace: Kafka's RecordBatch v2, uncompressed, as the protocol guide
// describes it. A torn batch at the end of a file is where the file ends.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RawRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const batchHeaderBytes = 61;

/** Every record of a topic, by partition and offset. */
export function readSegments(logDirectory: string, topic: string): RawRecord[] {
  const directory = join(logDirectory, topic);
  if (!existsSync(directory)) return [];
  const partitions = readdirSync(directory).filter((name) => /^\d+$/.test(name));
  return partitions.flatMap((name) => {
    const files = readdirSync(join(directory, name)).filter((file) => file.endsWith('.log'));
    return files.sort().flatMap((file) => readFile(join(directory, name, file), Number(name)));
  });
}

function readFile(file: string, partition: number): RawRecord[] {
  const bytes = readFileSync(file);
  const records: RawRecord[] = [];
  for (let at = 0; at + batchHeaderBytes <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length || end < at + batchHeaderBytes) break;
    const attributes = bytes.readInt16BE(at + 21);
    if ((attributes & 7) !== 0) throw new Error(`${file}: a compressed batch at ${at}`);
    const baseOffset = Number(bytes.readBigInt64BE(at));
    const cursor = new Cursor(bytes, at + batchHeaderBytes);
    for (let left = bytes.readInt32BE(at + 57); left > 0; left -= 1)
      records.push(cursor.record(baseOffset, partition));
    at = end;
  }
  return records;
}

class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  record(baseOffset: number, partition: number): RawRecord {
    const length = this.#varint();
    const end = this.#at + length;
    this.#at += 1; // attributes
    this.#varint(); // timestamp
    const offset = baseOffset + this.#varint();
    const key = this.#slice(this.#varint()).toString('utf8');
    const value = this.#slice(this.#varint());
    const headers: Record<string, string> = {};
    for (let left = this.#varint(); left > 0; left -= 1) {
      const name = this.#slice(this.#varint()).toString('utf8');
      headers[name] = this.#slice(this.#varint()).toString('utf8');
    }
    if (this.#at !== end) throw new Error(`record ${offset} is not as long as it says`);
    return { partition, offset, key, value, headers };
  }

  #slice(length: number): Buffer {
    const from = this.#at;
    this.#at += Math.max(0, length);
    return this.#bytes.subarray(from, this.#at);
  }

  /** A zigzag varint of up to 64 bits; sums instead of shifts, because those end at 32. */
  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
