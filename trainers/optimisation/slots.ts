// Slots: how a table with a row for known buckets only is addressed by bucket. A file holds one bit a bucket; ONNX
// Runtime makes the slot numbers of them once, when it opens the file (it folds constants), so a run pays one Gather.
import { integer, node, tensor, tensorTypes, word } from '../onnx/graph.ts';

const { INT32, INT64, UINT8 } = tensorTypes;

/** The bytes of any typed array, little-endian as ONNX wants them. */
export const rawBytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/**
 * Operators and constants that turn `ids` (buckets) into `places`: the rank of the bucket among those whose `known` is
 * not 0, from 1 up, and 0 for all others. Known buckets are in the order of their numbers.
 */
export function slotGraph(known: Uint8Array) {
  const bits = new Uint8Array(Math.ceil(known.length / 8));
  known.forEach((isKnown, bucket) => {
    if (isKnown !== 0) bits[bucket >> 3]! |= 1 << (bucket & 7);
  });
  return {
    nodes: [
      node('BitShift', ['knownBits', 'bitPlaces'], 'shiftedBits', [word('direction', 'RIGHT')]),
      node('BitwiseAnd', ['shiftedBits', 'lowestBit'], 'lowBits'),
      node('Cast', ['lowBits'], 'knownRows', [integer('to', INT32)]),
      node('Reshape', ['knownRows', 'flat'], 'known'),
      node('CumSum', ['known', 'firstAxis'], 'ranks'),
      node('Mul', ['ranks', 'known'], 'slots'),
      node('Gather', ['slots', 'ids'], 'places', [integer('axis', 0)]),
    ],
    initializers: [
      tensor('knownBits', UINT8, [bits.length, 1], rawBytes(bits)),
      tensor('bitPlaces', UINT8, [1, 8], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)),
      tensor('lowestBit', UINT8, [], Uint8Array.of(1)),
      tensor('flat', INT64, [1], rawBytes(BigInt64Array.of(-1n))),
      tensor('firstAxis', INT32, [], rawBytes(Int32Array.of(0))),
    ],
  };
}

/** The slot of each of `buckets` buckets from the bits of a file; a file without them has a row for each bucket. */
export function slotsFrom(knownBits: Uint8Array | undefined, buckets: number): Int32Array {
  if (knownBits === undefined) return Int32Array.from({ length: buckets }, (_, bucket) => bucket);
  const slots = new Int32Array(buckets);
  let rank = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (((knownBits[bucket >> 3]! >> (bucket & 7)) & 1) === 1) slots[bucket] = ++rank;
  }
  return slots;
}

/** Whether a table is smaller with a row for known buckets only, and one of zeros for all others. */
export function isSmallerWithSlots(known: Uint8Array, rowBytes: number): boolean {
  const kept = known.reduce((sum, isKnown) => sum + (isKnown === 0 ? 0 : 1), 0);
  return (kept + 1) * rowBytes + known.length / 8 < 0.95 * known.length * rowBytes;
}

/** The rows of known buckets, after a row of zeros. */
export function keepRows(rows: Int8Array, known: Uint8Array, width: number): Int8Array {
  const kept: number[] = [];
  known.forEach((isKnown, bucket) => {
    if (isKnown !== 0) kept.push(bucket);
  });
  const table = new Int8Array((kept.length + 1) * width);
  kept.forEach((bucket, index) => {
    table.set(rows.subarray(bucket * width, (bucket + 1) * width), (index + 1) * width);
  });
  return table;
}
