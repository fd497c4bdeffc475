// Numbers in rows and columns, and the same numbers in bins, which is how trees read them.
import { Misconfigured } from '../../schemas/errors.ts';

/** Features of samples, row-major, in the precision in which a served model gets them. NaN is a missing value. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The bin of a missing value. The others are numbered from 0 in the order of their values. */
export const missingBin = 255;

/**
 * A matrix in bins. `codes` holds a byte for each value, column by column. A value x of column c has the code
 * of the first boundary with x <= boundaries[c][code], or one more than the last.
 */
export interface BinnedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly codes: Uint8Array;
  readonly boundaries: readonly Float32Array[];
}

/** Bins a matrix: each distinct value its own bin where a column has few, else bins of about equally many rows. */
export function binMatrix(matrix: Matrix, binsMax: number): BinnedMatrix {
  const { rows, columns, values } = matrix;
  if (rows === 0 || columns === 0 || values.length !== rows * columns)
    throw new Misconfigured(`a forest cannot be fitted to ${rows} rows of ${columns} features`, {
      code: 'no-training-data',
      fix: 'Give at least one row and one feature.',
    });
  const codes = new Uint8Array(new SharedArrayBuffer(rows * columns));
  const column = new Float32Array(rows);
  const padded = new Float32Array(missingBin);
  const boundaries: Float32Array[] = [];
  for (let c = 0; c < columns; c++) {
    for (let row = 0; row < rows; row++) column[row] = values[row * columns + c]!;
    const found = boundariesOf(column, binsMax);
    padded.fill(Number.POSITIVE_INFINITY).set(found);
    for (let row = 0; row < rows; row++) codes[c * rows + row] = codeOf(column[row]!, padded);
    boundaries.push(found);
  }
  return { rows, columns, codes, boundaries };
}

function boundariesOf(column: Float32Array, binsMax: number): Float32Array {
  // NaN sorts to the end.
  const sorted = column.slice().sort();
  let count = sorted.length;
  while (count > 0 && Number.isNaN(sorted[count - 1]!)) count--;
  const found: number[] = [];
  for (let at = 1; at < count && found.length < binsMax; at++) {
    if (sorted[at] !== sorted[at - 1]) found.push(boundary(sorted[at - 1]!, sorted[at]!));
  }
  if (found.length < binsMax) return Float32Array.from(found);
  found.length = 0;
  let at = 0;
  for (let bin = 1; bin < binsMax; bin++) {
    at = Math.max(at + 1, Math.round((bin * count) / binsMax));
    while (at < count && sorted[at] === sorted[at - 1]) at++;
    if (at < count) found.push(boundary(sorted[at - 1]!, sorted[at]!));
  }
  return Float32Array.from(found);
}

/** Between two values, in 32 bits: ONNX Runtime compares what was trained on with it in 32 bits. */
function boundary(low: number, high: number): number {
  const middle = Math.fround(low + (high - low) / 2);
  return middle >= low && middle < high ? middle : low;
}

/**
 * How many boundaries a value lies above. They are filled up to 255 with infinity, so that halving them takes eight
 * steps for any value, without a branch that would be guessed wrong every other time.
 */
function codeOf(value: number, padded: Float32Array): number {
  if (Number.isNaN(value)) return missingBin;
  let code = 0;
  for (let half = 128; half > 0; half >>= 1) code += Number(value > padded[code + half - 1]!) * half;
  return code;
}
