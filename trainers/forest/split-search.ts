// Finds the best split of a node from histograms of its rows over the bins of each feature (Ke et al. 2017, LightGBM).
import { addRows, addUnitRows, bins, score, type Totals } from './histogram.ts';
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

export interface SplitLimits {
  readonly leafRowsMin: number;
  readonly leafWeightMin: number;
  readonly l2: number;
  /** All weights are 1, so that one number of a bin is both its rows and their weight. Only for one output. */
  readonly unitWeights?: boolean;
}

export interface Split {
  readonly gain: number;
  readonly column: number;
  /** Rows with a code up to this one go left. */
  readonly code: number;
  readonly missingLeft: boolean;
}

/** A column of a histogram, which begins at `offset`, and its bins without that of missing values, in order. */
interface Scan {
  readonly column: number;
  readonly histogram: Float64Array;
  readonly offset: number;
  readonly order: Uint8Array;
  /** Bins in `order`. */
  readonly filled: number;
}

export class SplitSearch {
  /** Numbers of one bin: rows, weight (unless it is the same), sums. */
  readonly stride: number;
  readonly #width: number;
  readonly #data: BinnedMatrix;
  readonly #limits: SplitLimits;
  readonly #scratch: Float64Array;
  readonly #occupied = new Int32Array(bins / 32);
  readonly #order = new Uint8Array(bins);
  readonly #everyBin = new Uint8Array(bins).map((_, bin) => bin);
  readonly #left: Float64Array;
  // The node that is searched: its rows, with their weights and sums in the same order.
  #rows: Int32Array = new Int32Array(0);
  #start = 0;
  #count = 0;
  readonly #weights: Float64Array;
  readonly #sums: Float64Array;
  readonly #totals: Totals;
  #parentScore = 0;
  // The best split so far.
  #gain = 0;
  #column = -1;
  #code = 0;
  #missingLeft = false;

  constructor(data: BinnedMatrix, width: number, limits: SplitLimits) {
    this.stride = limits.unitWeights ? 2 : width + 2;
    this.#width = width;
    this.#data = data;
    this.#limits = limits;
    this.#scratch = new Float64Array(bins * this.stride);
    this.#left = new Float64Array(this.stride);
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
    for (let at = 0; at < end - start; at++) {
      const row = rows[start + at]!;
      const weight = weights[row]!;
      this.#weights[at] = weight;
      totals[1]! += weight;
      for (let k = 0; k < width; k++) {
        const sum = sums[row * width + k]!;
        this.#sums[at * width + k] = sum;
        totals[2 + k]! += sum;
      }
    }
    this.#parentScore = score(totals, this.#limits.l2);
    this.#gain = 1e-9 * Math.abs(this.#parentScore) + 1e-12;
    this.#column = -1;
    return totals;
  }

  /** The best split of the columns tried since `begin`. */
  get best(): Split | null {
    if (this.#column < 0) return null;
    const { boundaries } = this.#data;
    const code = Math.min(this.#code, boundaries[this.#column]!.length);
    return { gain: this.#gain, column: this.#column, code, missingLeft: this.#missingLeft };
  }

  get hasSplit(): boolean {
    return this.#column >= 0;
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
      this.#scan({ column, histogram: scratch, offset: 0, order, filled: hasMissing ? filled - 1 : filled });
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
      this.#scan({ column, histogram, offset, order, filled: boundaries[column]!.length + 1 });
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

  /** Tries every boundary between bins, with missing values on the right and, where there are any, the left. */
  #scan(scan: Scan): void {
    const { histogram, offset, filled } = scan;
    const { stride } = this;
    const from = offset + missingBin * stride;
    const hasMissing = histogram[from]! > 0;
    for (let k = 0; k < stride; k++) this.#left[k] = 0;
    this.#scanBoundaries(scan, hasMissing ? filled : filled - 1, hasMissing ? 0 : -1);
    if (!hasMissing) return;
    for (let k = 0; k < stride; k++) this.#left[k] = histogram[from + k]!;
    this.#scanBoundaries(scan, filled - 1, 1);
  }

  #scanBoundaries(scan: Scan, boundaries: number, side: number): void {
    if (this.#width === 1) this.#scanOne(scan, boundaries, side);
    else this.#scanMany(scan, boundaries, side);
  }

  #scanOne(scan: Scan, boundaries: number, side: number): void {
    const { leafRowsMin, leafWeightMin, l2 } = this.#limits;
    const { histogram, offset, order } = scan;
    const { stride } = this;
    const weightAt = stride - 2;
    const sumAt = stride - 1;
    const rows = this.#totals[0]!;
    const weight = this.#totals[1]!;
    const sum = this.#totals[2]!;
    const parent = this.#parentScore;
    let leftRows = this.#left[0]!;
    let leftWeight = this.#left[weightAt]!;
    let leftSum = this.#left[sumAt]!;
    let wanted = (1 - 1e-12) * (this.#gain + parent);
    for (let at = 0; at < boundaries; at++) {
      const bin = offset + order[at]! * stride;
      leftRows += histogram[bin]!;
      leftWeight += histogram[bin + weightAt]!;
      leftSum += histogram[bin + sumAt]!;
      if (leftRows < leafRowsMin) continue;
      if (rows - leftRows < leafRowsMin) return;
      const rightWeight = weight - leftWeight;
      if (leftWeight < leafWeightMin || rightWeight < leafWeightMin) continue;
      const rightSum = sum - leftSum;
      const a = leftWeight + l2;
      const b = rightWeight + l2;
      const leftSquare = leftSum * leftSum;
      const rightSquare = rightSum * rightSum;
      // Most boundaries are worse than the best so far, which is seen without dividing.
      if (leftSquare * b + rightSquare * a <= wanted * (a * b)) continue;
      const gain = leftSquare / a + rightSquare / b - parent;
      if (gain > this.#gain) {
        this.#keep(scan, gain, at, side, leftRows);
        wanted = (1 - 1e-12) * (gain + parent);
      }
    }
  }

  #scanMany(scan: Scan, boundaries: number, side: number): void {
    const { leafRowsMin, leafWeightMin, l2 } = this.#limits;
    const { histogram, offset, order } = scan;
    const { stride } = this;
    const left = this.#left;
    const totals = this.#totals;
    for (let at = 0; at < boundaries; at++) {
      const bin = offset + order[at]! * stride;
      for (let k = 0; k < stride; k++) left[k]! += histogram[bin + k]!;
      if (left[0]! < leafRowsMin) continue;
      if (totals[0]! - left[0]! < leafRowsMin) return;
      const leftWeight = left[1]!;
      const rightWeight = totals[1]! - leftWeight;
      if (leftWeight < leafWeightMin || rightWeight < leafWeightMin) continue;
      let leftSquare = 0;
      let rightSquare = 0;
      for (let k = 2; k < stride; k++) {
        const leftSum = left[k]!;
        const rightSum = totals[k]! - leftSum;
        leftSquare += leftSum * leftSum;
        rightSquare += rightSum * rightSum;
      }
      const gain = leftSquare / (leftWeight + l2) + rightSquare / (rightWeight + l2) - this.#parentScore;
      if (gain > this.#gain) this.#keep(scan, gain, at, side, left[0]!);
    }
  }

  /** `side`: -1 no value is missing in this node, 0 missing values go right, 1 left. */
  #keep(
    { column, histogram, offset, order, filled }: Scan,
    gain: number,
    at: number,
    side: number,
    leftRows: number,
  ): void {
    const { stride } = this;
    const isEmpty = (bin: number) => histogram[offset + bin * stride] === 0;
    this.#gain = gain;
    this.#column = column;
    let last = at;
    while (last > 0 && isEmpty(order[last]!)) last--;
    let next = at + 1;
    while (next < filled && isEmpty(order[next]!)) next++;
    // Half-way between the bins the node has rows in, as a split of the values themselves would lie.
    this.#code = next < filled ? (order[last]! + order[next]! - 1) >> 1 : missingBin - 1;
    // A value that is missing only later goes with the majority.
    this.#missingLeft = side < 0 ? 2 * leftRows > this.#totals[0]! : side === 1;
  }
}
