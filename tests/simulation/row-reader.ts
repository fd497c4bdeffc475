// Reads RowBinary as ClickHouse would, column by column: the other half of connectors/clickhouse/row-encoder.ts, written
// from the format's description and not from the encoder.
import type { Column } from '../../schemas/print/clickhouse.ts';

type Value = string | number | null | Readonly<Record<string, string>>;
export type Row = Readonly<Record<string, Value>>;

export function readRows(bytes: Buffer, columns: readonly Column[]): Row[] {
  const cursor = new Cursor(bytes);
  const readers = columns.map(({ name, type }) => ({ name, read: readerOf(type) }));
  const rows: Row[] = [];
  while (!cursor.atEnd) rows.push(Object.fromEntries(readers.map(({ name, read }) => [name, read(cursor)])));
  return rows;
}

function readerOf(type: string): (cursor: Cursor) => Value {
  const [, inner] = /^LowCardinality\((.*)\)$/.exec(type) ?? [];
  if (inner) return readerOf(inner);
  const [, present] = /^Nullable\((.*)\)$/.exec(type) ?? [];
  if (present) {
    const read = readerOf(present);
    return (cursor) => (cursor.byte() === 1 ? null : read(cursor));
  }
  switch (type) {
    case 'String':
      return (cursor) => cursor.text();
    case 'UInt32':
      return (cursor) => cursor.uint32();
    case 'UInt64':
    case "DateTime64(3, 'UTC')":
      return (cursor) => cursor.int64();
    case 'Float64':
      return (cursor) => cursor.float64();
    case 'Map(String, String)':
      return (cursor) =>
        Object.fromEntries(Array.from({ length: cursor.varint() }, () => [cursor.text(), cursor.text()]));
    default:
      throw new Error(`the simulated ClickHouse has no columns of type ${type}`);
  }
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    this.#at += 1;
    return this.#bytes.readUInt8(this.#at - 1);
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  int64(): number {
    this.#at += 8;
    return Number(this.#bytes.readBigInt64LE(this.#at - 8));
  }

  float64(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  varint(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  text(): string {
    const length = this.varint();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}
