// Sums of table rows over the bags of a text, in WebAssembly: it has vectors, and rounds to 32 bits without being told.
//
// The table is far larger than the processor's cache, and ids come in no order. So a text is read twice: `find` looks
// up where each row lies and touches it, in a loop so short that memory answers for many ids at once; `sum` adds them.
import { assemble } from './assembler.ts';

const kernels = `
;; Writes place and term of each known id of [$id, $end): those of words from $words on, the others from $others on.
;; Leaves the ends of both at $ends. $step is what one id is from the next in the frequencies, 0 where all have one.
(func $find (param $id i32) (param $end i32) (param $frequency i32) (param $step i32) (param $wordBuckets i32)
  (param $heads i32) (param $table i32) (param $stride i32) (param $words i32) (param $others i32) (param $ends i32)
  (local $bucket i32) (local $head i32) (local $rarity i32) (local $place i32) (local $term f32) (local $touched i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (i32.lt_u (local.get $id) (local.get $end))))
      (local.set $bucket (i32.load (local.get $id)))
      (local.set $head
        (i32.load (i32.add (local.get $heads) (i32.shl (local.get $bucket) (i32.const 2)))))
      (local.set $rarity (i32.and (local.get $head) (i32.const 255)))
      (local.set $place
        (i32.add (local.get $table)
          (i32.mul (i32.shr_u (local.get $head) (i32.const 8)) (local.get $stride))))
      (local.set $touched (i32.add (local.get $touched) (i32.load (local.get $place))))
      (local.set $term
        (f32.mul (f32.load (local.get $frequency)) (f32.convert_i32_u (local.get $rarity))))
      (local.set $id (i32.add (local.get $id) (i32.const 4)))
      (local.set $frequency (i32.add (local.get $frequency) (local.get $step)))
      ;; A bucket that is not known weighs nothing.
      (br_if $next (i32.eqz (local.get $rarity)))
      (block $isWord
        (br_if $isWord (i32.lt_u (local.get $bucket) (local.get $wordBuckets)))
        (i32.store (local.get $others) (local.get $place))
        (f32.store (i32.add (local.get $others) (i32.const 4)) (local.get $term))
        (local.set $others (i32.add (local.get $others) (i32.const 8)))
        (br $next))
      (i32.store (local.get $words) (local.get $place))
      (f32.store (i32.add (local.get $words) (i32.const 4)) (local.get $term))
      (local.set $words (i32.add (local.get $words) (i32.const 8)))
      (br $next)))
  (i32.store (local.get $ends) (local.get $words))
  (i32.store (i32.add (local.get $ends) (i32.const 4)) (local.get $others))
  ;; Stored, so that no compiler leaves the touching out.
  (i32.store (i32.add (local.get $ends) (i32.const 8)) (local.get $touched)))

;; Adds row × term for each pair of [$pair, $end) to the sums of $stride columns, in their order, and behind them term².
(func $sum (param $pair i32) (param $end i32) (param $sums i32) (param $stride i32)
  (local $row i32) (local $term f32) (local $terms v128) (local $to i32) (local $last i32) (local $length f32)
  (local.set $last (i32.add (local.get $sums) (i32.shl (local.get $stride) (i32.const 2))))
  (local.set $to (local.get $sums))
  (loop $clear
    (v128.store (local.get $to) (i32x4.splat (i32.const 0)))
    (local.set $to (i32.add (local.get $to) (i32.const 16)))
    (br_if $clear (i32.lt_u (local.get $to) (local.get $last))))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (i32.lt_u (local.get $pair) (local.get $end))))
      (local.set $row (i32.load (local.get $pair)))
      (local.set $term (f32.load (i32.add (local.get $pair) (i32.const 4))))
      (local.set $length
        (f32.add (local.get $length) (f32.mul (local.get $term) (local.get $term))))
      (local.set $terms (f32x4.splat (local.get $term)))
      (local.set $to (local.get $sums))
      (loop $four
        (v128.store (local.get $to)
          (f32x4.add
            (v128.load (local.get $to))
            (f32x4.mul
              (f32x4.convert_i32x4_s
                (i32x4.extend_low_i16x8_s (i16x8.extend_low_i8x16_s (v128.load32_zero (local.get $row)))))
              (local.get $terms))))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br_if $four (i32.lt_u (local.get $to) (local.get $last))))
      (local.set $pair (i32.add (local.get $pair) (i32.const 8)))
      (br $next)))
  (f32.store (local.get $last) (local.get $length)))
`;

/** As much of WebAssembly as is used here; neither the language’s types nor Node’s declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Kernels {
  find(
    id: number,
    end: number,
    frequency: number,
    step: number,
    wordBuckets: number,
    heads: number,
    table: number,
    stride: number,
    words: number,
    others: number,
    ends: number,
  ): void;
  sum(pair: number, end: number, sums: number, stride: number): void;
}

const module = new WebAssembly.Module(assemble(kernels));
const pageBytes = 65_536;
const pairBytes = 8;

/** A table of signed bytes, and how it is addressed. */
interface BagTable {
  /** For each bucket its row in the bits from 8 up and its rarity, up to 255, below; rarity 0 leaves a bucket out. */
  readonly heads: Int32Array;
  /** Rows of `columns` signed bytes. */
  readonly rows: Uint8Array;
  readonly columns: number;
  /** Buckets below are words, the others characters. */
  readonly wordBuckets: number;
}

/** Sums one text after the other. Lives in one thread; what it says of a text lasts until the next. */
export class BagSums {
  /** Sums of the columns over the words, then the sum of the squared terms. */
  readonly words: Float32Array;
  readonly characters: Float32Array;
  readonly #kernels: Kernels;
  readonly #wordBuckets: number;
  readonly #stride: number;
  readonly #ids: Int32Array;
  readonly #frequencies: Float32Array;
  readonly #ends: Int32Array;
  readonly #pairs: Int32Array;
  readonly #heads: number;
  readonly #table: number;

  /** `idsMax`: the most ids that a text can have. */
  constructor({ heads, rows, columns, wordBuckets }: BagTable, idsMax: number) {
    const stride = 4 * Math.ceil(columns / 4);
    const rowCount = rows.length / columns;
    const bytes = 4 * heads.length + rowCount * stride + (8 + 2 * pairBytes) * idsMax + 16 * stride + 256;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    let at = 0;
    const place = (size: number): number => {
      const from = at;
      at += 16 * Math.ceil(size / 16);
      return from;
    };
    const integers = (length: number) => new Int32Array(memory.buffer, place(4 * length), length);
    const floats = (length: number) => new Float32Array(memory.buffer, place(4 * length), length);
    this.#ids = integers(idsMax);
    this.#frequencies = floats(idsMax).fill(1);
    this.#ends = integers(3);
    this.#pairs = integers(4 * idsMax);
    this.words = floats(stride + 1);
    this.characters = floats(stride + 1);
    this.#heads = integers(heads.length).byteOffset;
    new Int32Array(memory.buffer, this.#heads, heads.length).set(heads);
    this.#table = place(rowCount * stride);
    const table = new Uint8Array(memory.buffer, this.#table, rowCount * stride);
    for (let row = 0; row < rowCount; row++)
      table.set(rows.subarray(row * columns, (row + 1) * columns), row * stride);
    this.#wordBuckets = wordBuckets;
    this.#stride = stride;
    const { exports } = new WebAssembly.Instance(module, { kernel: { memory } });
    this.#kernels = exports as Kernels;
  }

  /** Sums the ids [from, end), each as often as its frequency says; without frequencies, once. */
  sum(ids: Int32Array, from: number, end: number, frequencies?: Float32Array): void {
    const count = end - from;
    for (let at = 0; at < count; at++) this.#ids[at] = ids[from + at]!;
    if (frequencies !== undefined) {
      for (let at = 0; at < count; at++) this.#frequencies[at] = frequencies[from + at]!;
    }
    const { byteOffset: id } = this.#ids;
    const { byteOffset: words } = this.#pairs;
    const others = words + this.#pairs.byteLength / 2;
    const stride = this.#stride;
    this.#kernels.find(
      id,
      id + 4 * count,
      this.#frequencies.byteOffset,
      frequencies === undefined ? 0 : 4,
      this.#wordBuckets,
      this.#heads,
      this.#table,
      stride,
      words,
      others,
      this.#ends.byteOffset,
    );
    this.#kernels.sum(words, this.#ends[0]!, this.words.byteOffset, stride);
    this.#kernels.sum(others, this.#ends[1]!, this.characters.byteOffset, stride);
  }
}
