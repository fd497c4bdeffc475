// Histograms of the rows of a node over the bins of a column, and what a node scores by its totals.
import type { BinnedMatrix } from './matrix.ts';

/** Bins of a column, that of missing values among them. */
export const bins = 256;

/** Rows, weight and sums of a node: [rows, weight, sums…]. A bin of a histogram holds the same numbers. */
export type Totals = Float64Array;

/** The rows of a node; their weights and sums, one of each, in the same order; and what each counts for. */
export interface NodeRows {
  readonly rows: Int32Array;
  readonly weights: Float64Array;
  readonly sums: Float64Array;
  readonly sign: number;
}

/** Numbers of a column’s histogram where a bin holds [rows, weight, sum]. */
const columnSpan = bins * 3;

/** The inner loop of boosting: adds the rows of a node to the histograms of columns, [rows, weight, sum] a bin. */
export function addRows(
  histogram: Float64Array,
  data: BinnedMatrix,
  columns: Int32Array,
  node: NodeRows,
): void {
  let at = 0;
  for (; at + 4 <= columns.length; at += 4) addToFour(histogram, data, columns, at, node);
  for (; at < columns.length; at++) addToOne(histogram, data, columns[at]!, node);
}

/** Four columns in one pass, because a row, its weight and its sum are then read once for all of them. */
function addToFour(
  histogram: Float64Array,
  { codes, rows: length }: BinnedMatrix,
  columns: Int32Array,
  first: number,
  { rows, weights, sums, sign }: NodeRows,
): void {
  const a = columns[first]!;
  const b = columns[first + 1]!;
  const c = columns[first + 2]!;
  const d = columns[first + 3]!;
  const codesA = a * length;
  const codesB = b * length;
  const codesC = c * length;
  const codesD = d * length;
  const fromA = a * columnSpan;
  const fromB = b * columnSpan;
  const fromC = c * columnSpan;
  const fromD = d * columnSpan;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const weight = weights[at]!;
    const sum = sums[at]!;
    const inA = fromA + codes[codesA + row]! * 3;
    histogram[inA]! += sign;
    histogram[inA + 1]! += weight;
    histogram[inA + 2]! += sum;
    const inB = fromB + codes[codesB + row]! * 3;
    histogram[inB]! += sign;
    histogram[inB + 1]! += weight;
    histogram[inB + 2]! += sum;
    const inC = fromC + codes[codesC + row]! * 3;
    histogram[inC]! += sign;
    histogram[inC + 1]! += weight;
    histogram[inC + 2]! += sum;
    const inD = fromD + codes[codesD + row]! * 3;
    histogram[inD]! += sign;
    histogram[inD + 1]! += weight;
    histogram[inD + 2]! += sum;
  }
}

function addToOne(
  histogram: Float64Array,
  { codes, rows: length }: BinnedMatrix,
  column: number,
  { rows, weights, sums, sign }: NodeRows,
): void {
  const first = column * length;
  const from = column * columnSpan;
  for (let at = 0; at < rows.length; at++) {
    const bin = from + codes[first + rows[at]!]! * 3;
    histogram[bin]! += sign;
    histogram[bin + 1]! += weights[at]!;
    histogram[bin + 2]! += sums[at]!;
  }
}

/** `addRows` for weights that are all 1, where a bin holds [rows, sum]. */
export function addUnitRows(
  histogram: Float64Array,
  data: BinnedMatrix,
  columns: Int32Array,
  node: NodeRows,
): void {
  let at = 0;
  for (; at + 4 <= columns.length; at += 4) addUnitToFour(histogram, data, columns, at, node);
  for (; at < columns.length; at++) addUnitToOne(histogram, data, columns[at]!, node);
}

function addUnitToFour(
  histogram: Float64Array,
  { codes, rows: length }: BinnedMatrix,
  columns: Int32Array,
  first: number,
  { rows, sums, sign }: NodeRows,
): void {
  const a = columns[first]!;
  const b = columns[first + 1]!;
  const c = columns[first + 2]!;
  const d = columns[first + 3]!;
  const codesA = a * length;
  const codesB = b * length;
  const codesC = c * length;
  const codesD = d * length;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const sum = sums[at]!;
    const inA = (a * bins + codes[codesA + row]!) * 2;
    histogram[inA]! += sign;
    histogram[inA + 1]! += sum;
    const inB = (b * bins + codes[codesB + row]!) * 2;
    histogram[inB]! += sign;
    histogram[inB + 1]! += sum;
    const inC = (c * bins + codes[codesC + row]!) * 2;
    histogram[inC]! += sign;
    histogram[inC + 1]! += sum;
    const inD = (d * bins + codes[codesD + row]!) * 2;
    histogram[inD]! += sign;
    histogram[inD + 1]! += sum;
  }
}

function addUnitToOne(
  histogram: Float64Array,
  { codes, rows: length }: BinnedMatrix,
  column: number,
  { rows, sums, sign }: NodeRows,
): void {
  const first = column * length;
  for (let at = 0; at < rows.length; at++) {
    const bin = (column * bins + codes[first + rows[at]!]!) * 2;
    histogram[bin]! += sign;
    histogram[bin + 1]! += sums[at]!;
  }
}

/** What a node contributes to the gain of the split that makes it: Σ sums² / (weight + l2). */
export function score(totals: Totals, l2: number): number {
  let square = 0;
  for (let k = 2; k < totals.length; k++) square += totals[k]! * totals[k]!;
  return totals[1]! + l2 > 0 ? square / (totals[1]! + l2) : 0;
}
