// The memory of one padded batch and its answers, used again for every batch of one runner. It is one buffer, which is
// handed to the thread that runs it and handed back (ONNX Runtime refuses shared memory): nothing is copied on the way,
// and it has one owner at any time.
import type { PaddedBatch } from '../model.ts';

/** What a batch needs room for. */
export interface MemorySize {
  /** With padding. */
  readonly tokens: number;
  readonly rows: number;
  /** Rows × labels. */
  readonly values: number;
}

/** Rows and tokens of a row of the batch that lies in a memory. */
export interface BatchExtent {
  readonly rows: number;
  readonly width: number;
  /** Whether it says which of two texts each token belongs to. */
  readonly typed: boolean;
}

/** A memory as it is handed over. */
export interface HandedMemory {
  readonly buffer: ArrayBuffer;
  readonly size: MemorySize;
}

const bytesOf = ({ tokens, rows, values }: MemorySize): number => 16 * tokens + 4 * (rows + values);

export class BatchMemory {
  readonly size: MemorySize;
  readonly buffer: ArrayBuffer;
  /** Low and high words of ids and types; only low ones are ever written, the others stay 0. */
  readonly idWords: Int32Array;
  readonly typeWords: Int32Array;
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;

  constructor({ buffer, size }: HandedMemory) {
    const { tokens, rows, values } = size;
    this.size = size;
    this.buffer = buffer;
    this.idWords = new Int32Array(buffer, 0, 2 * tokens);
    this.typeWords = new Int32Array(buffer, 8 * tokens, 2 * tokens);
    this.lengths = new Int32Array(buffer, 16 * tokens, rows);
    this.values = new Float32Array(buffer, 16 * tokens + 4 * rows, values);
  }

  static of(size: MemorySize): BatchMemory {
    return new BatchMemory({ buffer: new ArrayBuffer(bytesOf(size)), size });
  }

  /** The memory without its views: what is posted to another thread, `buffer` transferred. */
  get handed(): HandedMemory {
    return { buffer: this.buffer, size: this.size };
  }

  /** This memory where it is large enough, or a larger one: half as much again, so that growing ends soon. */
  grownTo({ tokens, rows, values }: MemorySize): BatchMemory {
    const has = this.size;
    if (tokens <= has.tokens && rows <= has.rows && values <= has.values) return this;
    const grown = (now: number, wanted: number) => (wanted <= now ? now : Math.ceil(1.5 * wanted));
    return BatchMemory.of({
      tokens: grown(has.tokens, tokens),
      rows: grown(has.rows, rows),
      values: grown(has.values, values),
    });
  }

  /** The batch of that extent, as it lies in the memory. */
  batch({ rows, width, typed }: BatchExtent): PaddedBatch {
    const batch = {
      rows,
      width,
      ids: new BigInt64Array(this.buffer, 0, rows * width),
      lengths: this.lengths.subarray(0, rows),
    };
    if (!typed) return batch;
    return { ...batch, types: new BigInt64Array(this.buffer, 8 * this.size.tokens, rows * width) };
  }
}
