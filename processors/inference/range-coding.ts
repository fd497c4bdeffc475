// A binary range coder with adaptive probabilities, after Martin (1979) in the form LZMA gave it: symbols that were
// expected cost a fraction of a bit. Whole numbers only, so the same input gives the same bytes on every machine.

const probabilityBits = 15;
const half = 1 << (probabilityBits - 1);
const rateBits = 6;
const rangeMin = 2 ** 24;

/** Probabilities of a zero, one for each context: they adapt to what is coded. */
export const createContexts = (count: number): Uint16Array => new Uint16Array(count).fill(half);

/** Codes bits one after another: an encoder writes what it is given, a decoder finds it out. Both return the bit. */
export interface BitCoder {
  code(contexts: Uint16Array, at: number, bit: number): number;
}

/** Writes bits. */
export class BitEncoder implements BitCoder {
  readonly #bytes: number[] = [];
  #low = 0;
  #range = 0xffff_ffff;
  #held = 0;
  /** Bytes not yet written, because a carry may still change them: the held one and those of 255 after it. */
  #pending = 1;

  code(contexts: Uint16Array, at: number, bit: number): number {
    const probability = contexts[at]!;
    const bound = (this.#range >>> probabilityBits) * probability;
    if (bit === 0) {
      this.#range = bound;
      contexts[at] = probability + (((1 << probabilityBits) - probability) >>> rateBits);
    } else {
      this.#low += bound;
      this.#range -= bound;
      contexts[at] = probability - (probability >>> rateBits);
    }
    while (this.#range < rangeMin) {
      this.#range = (this.#range << 8) >>> 0;
      this.#shift();
    }
    return bit;
  }

  #shift(): void {
    if (this.#low < 0xff00_0000 || this.#low >= 2 ** 32) {
      const carry = this.#low >= 2 ** 32 ? 1 : 0;
      for (let byte = this.#held; this.#pending > 0; this.#pending--, byte = 0xff) {
        this.#bytes.push((byte + carry) & 0xff);
      }
      this.#held = (this.#low >>> 24) & 0xff;
    }
    this.#pending++;
    this.#low = ((this.#low & 0x00ff_ffff) << 8) >>> 0;
  }

  /** Everything written. Nothing may be coded after. */
  finish(): Uint8Array<ArrayBuffer> {
    for (let byte = 0; byte < 5; byte++) this.#shift();
    return Uint8Array.from(this.#bytes);
  }
}

/** Reads what an encoder wrote, given the same contexts in the same order. */
export class BitDecoder implements BitCoder {
  readonly #bytes: Uint8Array;
  #at = 1;
  #range = 0xffff_ffff;
  #code = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let byte = 0; byte < 4; byte++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  /** True when more was read than was written: the bytes are not whole, or not what they should be. */
  get isOverrun(): boolean {
    return this.#at > this.#bytes.length;
  }

  code(contexts: Uint16Array, at: number): number {
    const probability = contexts[at]!;
    const bound = (this.#range >>> probabilityBits) * probability;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      contexts[at] = probability + (((1 << probabilityBits) - probability) >>> rateBits);
    } else {
      this.#code -= bound;
      this.#range -= bound;
      contexts[at] = probability - (probability >>> rateBits);
      bit = 1;
    }
    while (this.#range < rangeMin) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
    return bit;
  }

  #next(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
}

/** Codes a whole number of `bits` bits, highest first, each bit in the context of those before it: `2 ** bits` contexts from `from`. */
export function codeNumber(
  coder: BitCoder,
  contexts: Uint16Array,
  from: number,
  bits: number,
  value: number,
): number {
  let node = 1;
  for (let bit = bits - 1; bit >= 0; bit--) {
    node = 2 * node + coder.code(contexts, from + node, (value >>> bit) & 1);
  }
  return node - 2 ** bits;
}
