// A growing buffer that RowBinary values are written into: little-endian numbers, lengths as unsigned LEB128.

const low32 = 4_294_967_296;

export class RowBuffer {
  #bytes: Buffer;
  #view: DataView;
  #at = 0;

  constructor(bytesExpected: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytesExpected);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#at;
  }

  /** What was written so far. The buffer is given away: nothing may be written afterwards. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** A whole number of up to 53 bits, negative ones included, as Int64 or UInt64. */
  int64(value: number): void {
    this.#reserve(8);
    this.#view.setInt32(this.#at, value | 0, true);
    this.#view.setInt32(this.#at + 4, Math.floor(value / low32), true);
    this.#at += 8;
  }

  float32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#at, value, true);
    this.#at += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** UTF-8 with its length in front; lone surrogates become U+FFFD. */
  text(value: string): void {
    if (value.length < 128 && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#reserve(length);
    this.#bytes.write(value, this.#at, length, 'utf8');
    this.#at += length;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Most values are ids, labels and short texts: a loop beats the call into the runtime. Undone when not ASCII. */
  #shortAscii(value: string): boolean {
    const length = value.length;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = length;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
