// Scans the histogram of a column for the boundary between bins that gains most.
import { score, type Totals } from './histogram.ts';
import { missingBin } from './matrix.ts';

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

/** A column of a histogram, which begins at `offset`; `order` has its bins but for that of missing values. */
interface Scan {
  readonly column: number;
  readonly histogram: Float64Array;
  readonly offset: number;
  readonly order: Uint8Array;
  /** How many of `order` count. Bins of no rows may be among them. */
  readonly filled: number;
}

/** Keeps the best split of a node while its columns are tried one after the other. */
export class BoundaryScan {
  readonly #width: number;
  readonly #stride: number;
  readonly #limits: SplitLimits;
  readonly #left: Float64Array;
  #totals: Totals;
  #parentScore = 0;
  // The best split so far.
  #gain = 0;
  #column = -1;
  #code = 0;
  #missingLeft = false;

  /** For `width` outputs, and histograms of `stride` numbers a bin. */
  constructor(width: number, stride: number, limits: SplitLimits) {
    this.#width = width;
    this.#stride = stride;
    this.#limits = limits;
    this.#left = new Float64Array(stride);
    this.#totals = new Float64Array(width + 2);
  }

  /** Takes up a node with these totals, and forgets the best split of the one before. */
  begin(totals: Totals): void {
    this.#totals = totals;
    this.#parentScore = score(totals, this.#limits.l2);
    this.#gain = 1e-9 * Math.abs(this.#parentScore) + 1e-12;
    this.#column = -1;
  }

  /** The best split since `begin`. */
  get best(): Split | null {
    if (this.#column < 0) return null;
    return { gain: this.#gain, column: this.#column, code: this.#code, missingLeft: this.#missingLeft };
  }

  get hasSplit(): boolean {
    return this.#column >= 0;
  }

  /** Tries every boundary between bins, with missing values on the right and, where there are any, the left. */
  tryColumn(scan: Scan): void {
    const { histogram, offset, order, filled } = scan;
    const stride = this.#stride;
    const from = offset + missingBin * stride;
    const hasMissing = histogram[from]! > 0;
    for (let k = 0; k < stride; k++) this.#left[k] = 0;
    this.#scanBoundaries(scan, 0, hasMissing ? filled : filled - 1, hasMissing ? 0 : -1);
    if (!hasMissing) return;
    for (let k = 0; k < stride; k++) this.#left[k] = histogram[from + k]!;
    // Missing values alone on the left were tried above, as missing values alone on the right.
    let first = 0;
    while (first < filled && histogram[offset + order[first]! * stride] === 0) first++;
    this.#scanBoundaries(scan, first, filled - 1, 1);
  }

  #scanBoundaries(scan: Scan, first: number, end: number, side: number): void {
    if (this.#width === 1) this.#scanOne(scan, first, end, side);
    else this.#scanMany(scan, first, end, side);
  }

  #scanOne(scan: Scan, first: number, end: number, side: number): void {
    const { leafRowsMin, leafWeightMin, l2 } = this.#limits;
    const { histogram, offset, order } = scan;
    const stride = this.#stride;
    const weightAt = stride - 2;
    const sumAt = stride - 1;
    const rows = this.#totals[0]!;
    const weight = this.#totals[1]!;
    const sum = this.#totals[2]!;
    const parent = this.#parentScore;
    let leftRows = this.#left[0]!;
    let leftWeight = this.#left[weightAt]!;
    let leftSum = this.#left[sumAt]!;
    // Left sum L over a, right sum R = sum - L over b, and T = a + b: L²/a + R²/b > wanted is L²·T + a·(sum² - wanted·T - 2·sum·L + wanted·a) > 0.
    const span = weight + 2 * l2;
    let wanted = this.#gain + parent;
    let rest = restOf(sum, wanted * span);
    for (let at = first; at < end; at++) {
      const bin = offset + order[at]! * stride;
      leftRows += histogram[bin]!;
      leftWeight += histogram[bin + weightAt]!;
      leftSum += histogram[bin + sumAt]!;
      if (rows - leftRows < leafRowsMin) return;
      const a = leftWeight + l2;
      // Most boundaries are worse than the best so far, which is seen without dividing.
      if (leftSum * leftSum * span + a * (rest - 2 * sum * leftSum + wanted * a) <= 0) continue;
      const rightWeight = weight - leftWeight;
      if (leftRows < leafRowsMin || leftWeight < leafWeightMin || rightWeight < leafWeightMin) continue;
      const rightSum = sum - leftSum;
      const gain = (leftSum * leftSum) / a + (rightSum * rightSum) / (rightWeight + l2) - parent;
      if (gain > this.#gain) {
        this.#keep(scan, gain, at, side, leftRows);
        wanted = gain + parent;
        rest = restOf(sum, wanted * span);
      }
    }
  }

  #scanMany(scan: Scan, first: number, end: number, side: number): void {
    const { leafRowsMin, leafWeightMin, l2 } = this.#limits;
    const { histogram, offset, order } = scan;
    const stride = this.#stride;
    const left = this.#left;
    const totals = this.#totals;
    for (let at = first; at < end; at++) {
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
    const stride = this.#stride;
    this.#gain = gain;
    this.#column = column;
    let last = at;
    while (last > 0 && histogram[offset + order[last]! * stride] === 0) last--;
    let next = at + 1;
    while (next < filled && histogram[offset + order[next]! * stride] === 0) next++;
    // Half-way between the bins the node has rows in, as a split of the values themselves would lie.
    this.#code = next < filled ? (order[last]! + order[next]! - 1) >> 1 : missingBin - 1;
    // A value that is missing only later goes with the majority.
    this.#missingLeft = side < 0 ? 2 * leftRows > this.#totals[0]! : side === 1;
  }
}

/** sum² - wanted, a little too large, so that rounding never hides a better boundary. */
const restOf = (sum: number, wanted: number): number => {
  const square = sum * sum;
  return square - wanted + 1e-12 * (square + wanted);
};
