// Zigzag variable-length integers, as Kafka’s records use them. Small values take the bitwise path; timestamps that
// differ by more than 31 bits are counted in doubles, exact up to 2^52.

/** Bytes that `value` takes. */
export function varintBytes(value: number): number {
  if (value > 0x3fffffff || value < -0x40000000) return longBytes(zigzagLong(value));
  const zigzag = (value << 1) ^ (value >> 31);
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes `value` at `position` and returns the position after it. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  if (value > 0x3fffffff || value < -0x40000000) return writeLong(target, position, zigzagLong(value));
  let at = position;
  let zigzag = (value << 1) ^ (value >> 31);
  while (zigzag > 0x7f) {
    target[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  target[at++] = zigzag;
  return at;
}

const zigzagLong = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

function longBytes(zigzag: number): number {
  let bytes = 1;
  for (let rest = zigzag; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

function writeLong(target: Buffer, position: number, zigzag: number): number {
  let at = position;
  let rest = zigzag;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}

/** Reads one integer after another. Bytes past the end read as zero: whoever reads checks `position` afterwards. */
export class VarintReader {
  readonly bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes;
    this.position = position;
  }

  next(): number {
    const first = this.bytes[this.position++]! | 0;
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    const second = this.bytes[this.position++]! | 0;
    if (second < 0x80) {
      const zigzag = (first & 0x7f) | (second << 7);
      return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    return this.#rest((first & 0x7f) | ((second & 0x7f) << 7));
  }

  #rest(low: number): number {
    let zigzag = low;
    let factor = 0x4000;
    for (let read = 2; read < 10; read++) {
      const byte = this.bytes[this.position++]! | 0;
      zigzag += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 0x80;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }
}
