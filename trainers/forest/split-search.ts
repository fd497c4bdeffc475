// Finds the best split of a node from histograms of its rows over the bins of each feature (Ke et al. 2017, LightGBM).
import { BoundaryScan, type Split, type SplitLimits } from './boundary-scan.ts';
import { addRows, addUnitRows, bins, type Totals } from './histogram.ts';
import { type BinnedMatrix, missingBin } from './matrix.ts';

/**
 * What a tree is fitted to: for each row a weight and, for each of `width` outputs, a sum. A leaf answers
 * Σ sums / (Σ weights + l2). Forests take weight × target as sums; boosting takes negative gradients and hessians
 * (Chen and Guestrin 2016). Maximising Σ sums² / (Σ weights + l2) over both sides minimises squared error, and for
 * targets that are 0 or 1 the Gini impurity.
 */
export interface Residuals {
  readonly width: number;
  /** Rows × width. */
  readonly sums: Float64Array;
  readonly weights: Float64Array;
  /** Targets are 0 or 1, and all of one kind in a node means there is nothing left to split. */
  readonly pureAt: 'never' | 'zero-or-one';
}

export class SplitSearch {
  /** Numbers of one bin: rows, weight (unless it is the same), sums. */
  readonly stride: number;
  readonly #width: number;
  readonly #data: BinnedMatrix;
  readonly #scan: BoundaryScan;
  readonly #scratch: Float64Array;
  readonly #occupied = new Int32Array(bins / 32);
  readonly #order = new Uint8Array(bins);
  readonly #everyBin = new Uint8Array(bins).map((_, bin) => bin);
  // The node that is searched: its rows, with their weights and sums in the same order.
  #rows: Int32Array = new Int32Array(0);
  #start = 0;
  #count = 0;
  readonly #weights: Float64Array;
  readonly #sums: Float64Array;
  readonly #totals: Totals;

  constructor(data: BinnedMatrix, width: number, limits: SplitLimits) {
    this.stride = limits.unitWeights ? 2 : width + 2;
    this.#width = width;
    this.#data = data;
    this.#scan = new BoundaryScan(width, this.stride, limits);
    this.#scratch = new Float64Array(bins * this.stride);
    this.#totals = new Float64Array(width + 2);
    this.#weights = new Float64Array(data.rows);
    this.#sums = new Float64Array(data.rows * width);
  }

  /** Takes up a node, which has the rows [start, end) of `rows`; returns its totals until the next. */
  begin(rows: Int32Array, start: number, end: number, { width, sums, weights }: Residuals): Totals {
    this.#rows = rows;
    this.#start = start;
    this.#count = end - start;
    const totals = this.#totals;
    totals[0] = end - start;
    for (let k = 1; k < totals.length; k++) totals[k] = 0;
    if (width === 1) this.#takeUpOne(sums, weights);
    else this.#takeUpMany(width, sums, weights);
    this.#scan.begin(totals);
    return totals;
  }

  #takeUpOne(sums: Float64Array, weights: Float64Array): void {
    const rows = this.#rows;
    const start = this.#start;
    const count = this.#count;
    const nodeWeights = this.#weights;
    const nodeSums = this.#sums;
    let allWeights = 0;
    let allSums = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[start + at]!;
      const weight = weights[row]!;
      const sum = sums[row]!;
      nodeWeights[at] = weight;
      nodeSums[at] = sum;
      allWeights += weight;
      allSums += sum;
    }
    this.#totals[1] = allWeights;
    this.#totals[2] = allSums;
  }

  #takeUpMany(width: number, sums: Float64Array, weights: Float64Array): void {
    const totals = this.#totals;
    for (let at = 0; at < this.#count; at++) {
      const row = this.#rows[this.#start + at]!;
      const weight = weights[row]!;
      this.#weights[at] = weight;
      totals[1]! += weight;
      for (let k = 0; k < width; k++) {
        const sum = sums[row * width + k]!;
        this.#sums[at * width + k] = sum;
        totals[2 + k]! += sum;
      }
    }
  }

  /** The best split of the columns tried since `begin`. */
  get best(): Split | null {
    const { best } = this.#scan;
    if (best === null) return null;
    return { ...best, code: Math.min(best.code, this.#data.boundaries[best.column]!.length) };
  }

  get hasSplit(): boolean {
    return this.#scan.hasSplit;
  }

  /** Tries a column through a histogram that is made for it alone. False where all rows are in one bin. */
  tryColumn(column: number): boolean {
    const { stride } = this;
    const scratch = this.#scratch;
    const order = this.#order;
    this.#fill(column, scratch, 0, 1);
    const filled = this.#orderOccupied();
    if (filled > 1) {
      const hasMissing = order[filled - 1] === missingBin;
      this.#scan.tryColumn({
        column,
        histogram: scratch,
        offset: 0,
        order,
        filled: hasMissing ? filled - 1 : filled,
      });
    }
    for (let at = 0; at < filled; at++) {
      const from = order[at]! * stride;
      for (let k = 0; k < stride; k++) scratch[from + k] = 0;
    }
    return filled > 1;
  }

  /**
   * Tries columns of a node whose histogram over all columns is known. Empty bins are scanned with the others, because
   * that costs less than telling them apart.
   */
  tryHistogram(histogram: Float64Array, columns: Int32Array): void {
    const { boundaries } = this.#data;
    const order = this.#everyBin;
    for (const column of columns) {
      const offset = column * bins * this.stride;
      this.#scan.tryColumn({ column, histogram, offset, order, filled: boundaries[column]!.length + 1 });
    }
  }

  /** Adds the node’s rows to a histogram over all columns, or takes them out of it. */
  fillHistogram(histogram: Float64Array, columns: Int32Array, sign: 1 | -1): void {
    const { stride } = this;
    if (this.#width !== 1) {
      for (const column of columns) this.#fill(column, histogram, column * bins * stride, sign);
      this.#occupied.fill(0);
      return;
    }
    const rows = this.#rows.subarray(this.#start, this.#start + this.#count);
    if (sign < 0) for (let at = 0; at < rows.length; at++) this.#negate(at);
    const node = { rows, weights: this.#weights, sums: this.#sums, sign };
    if (stride === 2) addUnitRows(histogram, this.#data, columns, node);
    else addRows(histogram, this.#data, columns, node);
  }

  #negate(at: number): void {
    this.#weights[at] = -this.#weights[at]!;
    this.#sums[at] = -this.#sums[at]!;
  }

  #fill(column: number, histogram: Float64Array, offset: number, sign: number): void {
    const rows = this.#rows;
    const { codes } = this.#data;
    const from = column * this.#data.rows;
    const weights = this.#weights;
    const sums = this.#sums;
    const occupied = this.#occupied;
    const { stride } = this;
    const width = this.#width;
    const start = this.#start;
    const count = this.#count;
    if (stride === 2) {
      for (let at = 0; at < count; at++) {
        const code = codes[from + rows[start + at]!]!;
        const bin = offset + code * 2;
        occupied[code >> 5]! |= 1 << (code & 31);
        histogram[bin]! += sign;
        histogram[bin + 1]! += sign * sums[at]!;
      }
      return;
    }
    if (width === 1) {
      for (let at = 0; at < count; at++) {
        const code = codes[from + rows[start + at]!]!;
        const bin = offset + code * 3;
        occupied[code >> 5]! |= 1 << (code & 31);
        histogram[bin]! += sign;
        histogram[bin + 1]! += sign * weights[at]!;
        histogram[bin + 2]! += sign * sums[at]!;
      }
      return;
    }
    for (let at = 0; at < count; at++) {
      const code = codes[from + rows[start + at]!]!;
      const bin = offset + code * stride;
      occupied[code >> 5]! |= 1 << (code & 31);
      histogram[bin]! += sign;
      histogram[bin + 1]! += sign * weights[at]!;
      for (let k = 0; k < width; k++) histogram[bin + 2 + k]! += sign * sums[at * width + k]!;
    }
  }

  /** Lists the bins that were filled, in order, and forgets them. Returns how many they are. */
  #orderOccupied(): number {
    const occupied = this.#occupied;
    const order = this.#order;
    let filled = 0;
    for (let at = 0; at < occupied.length; at++) {
      let bits = occupied[at]!;
      while (bits !== 0) {
        const low = bits & -bits;
        order[filled++] = at * 32 + 31 - Math.clz32(low);
        bits ^= low;
      }
      occupied[at] = 0;
    }
    return filled;
  }
}
