// Grows one tree: the open leaf that gains most is split first, or depth first where leaves are unlimited.
import type { Split, SplitLimits } from './boundary-scan.ts';
import { bins } from './histogram.ts';
import type { BinnedMatrix } from './matrix.ts';
import { type Residuals, SplitSearch } from './split-search.ts';
import type { Tree } from './tree.ts';

export interface TreeLimits extends SplitLimits {
  readonly depthMax: number;
  readonly leavesMax: number;
  /** Features drawn anew for each split; all of the tree’s own features where it is at least as many. */
  readonly featuresPerSplit: number;
}

/** Rows from which a node’s histogram over all features is kept, so that its larger child costs a subtraction. */
const keptRowsMin = 128;

export interface GrownTree {
  readonly tree: Tree;
  /** For each node, between which two places of the rows its own are. */
  readonly ranges: Int32Array;
}

/** A leaf that may yet be split. */
interface OpenLeaf {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly split: Split | null;
  readonly histogram: Float64Array | null;
}

/** Grows trees on one data set, one after the other. */
export class TreeGrowth {
  readonly #data: BinnedMatrix;
  readonly #limits: TreeLimits;
  readonly #search: SplitSearch;
  readonly #spare: Float64Array[] = [];
  readonly #moved: Int32Array;
  /** The tree’s columns in the order they were drawn last. */
  #drawn = new Int32Array(0);

  constructor(data: BinnedMatrix, width: number, limits: TreeLimits) {
    this.#data = data;
    this.#limits = limits;
    this.#search = new SplitSearch(data, width, limits);
    this.#moved = new Int32Array(data.rows);
  }

  /**
   * A tree over `rows`, which are put into the order of its leaves. A column is used when `columns` has it; `random`
   * draws the features of each split.
   */
  grow(rows: Int32Array, columns: Int32Array, residuals: Residuals, random: () => number): GrownTree {
    const draft = new TreeDraft(residuals.width);
    const open: OpenLeaf[] = [];
    const grown = { rows, columns, residuals, random, draft };
    this.#drawn = columns.slice();
    const root = this.#openLeaf(grown, 0, rows.length, 0, null);
    if (root.split !== null) open.push(root);
    else this.#release(root);
    for (let leaves = 1; open.length > 0 && leaves < this.#limits.leavesMax; leaves++) {
      const at = this.#limits.leavesMax === Number.POSITIVE_INFINITY ? open.length - 1 : largestGain(open);
      const isLast = leaves + 1 === this.#limits.leavesMax;
      for (const child of this.#split(grown, open.splice(at, 1)[0]!, isLast)) {
        if (child.split !== null) open.push(child);
        else this.#release(child);
      }
    }
    for (const leaf of open) this.#release(leaf);
    return draft.finish();
  }

  /** Makes a node, and looks for its best split. A histogram that is handed over is the node’s own. */
  #openLeaf(
    grown: Grown,
    start: number,
    end: number,
    depth: number,
    histogram: Float64Array | null,
  ): OpenLeaf {
    const { leafRowsMin, depthMax, featuresPerSplit, l2 } = this.#limits;
    const { columns, residuals, draft } = grown;
    const search = this.#search;
    const totals = search.begin(grown.rows, start, end, residuals);
    const node = draft.addLeaf(totals, l2, start, end);
    const done = depth >= depthMax || end - start < 2 * leafRowsMin || end - start < 2;
    if (done || isPure(totals, residuals)) return { node, start, end, depth, split: null, histogram };
    if (featuresPerSplit < columns.length) {
      this.#trySome(grown.random);
      return { node, start, end, depth, split: search.best, histogram: null };
    }
    let known = histogram;
    if (known === null && end - start >= keptRowsMin) {
      known = this.#takeHistogram();
      search.fillHistogram(known, columns, 1);
    }
    if (known !== null) search.tryHistogram(known, columns);
    else for (let at = 0; at < columns.length; at++) search.tryColumn(columns[at]!);
    return { node, start, end, depth, split: search.best, histogram: known };
  }

  /** Tries `featuresPerSplit` features that are drawn, and more while none of them can split the node. */
  #trySome(random: () => number): void {
    const order = this.#drawn;
    const search = this.#search;
    let tried = 0;
    for (let at = 0; at < order.length; at++) {
      const other = at + Math.floor(random() * (order.length - at));
      const column = order[other]!;
      order[other] = order[at]!;
      order[at] = column;
      if (search.tryColumn(column)) tried++;
      if (tried >= this.#limits.featuresPerSplit && search.hasSplit) return;
    }
  }

  /** Splits a leaf. After the last split no children are looked at for further ones. */
  #split(grown: Grown, leaf: OpenLeaf, isLast: boolean): readonly [OpenLeaf, OpenLeaf] {
    const split = leaf.split!;
    const middle = this.#partition(grown.rows, leaf, split);
    const threshold = this.#data.boundaries[split.column]![split.code] ?? largestFloat;
    grown.draft.split(leaf.node, split, threshold);
    const depth = isLast ? Number.POSITIVE_INFINITY : leaf.depth + 1;
    const { start, end } = leaf;
    const leftIsSmaller = middle - start <= end - middle;
    const smaller = leftIsSmaller
      ? this.#openLeaf(grown, start, middle, depth, null)
      : this.#openLeaf(grown, middle, end, depth, null);
    const rest = isLast ? leaf.histogram : this.#remainder(grown, leaf, smaller);
    const larger = leftIsSmaller
      ? this.#openLeaf(grown, middle, end, depth, rest)
      : this.#openLeaf(grown, start, middle, depth, rest);
    const children = leftIsSmaller ? ([smaller, larger] as const) : ([larger, smaller] as const);
    grown.draft.link(leaf.node, children[0].node, children[1].node);
    return children;
  }

  /** The larger child’s histogram: what the smaller one leaves of the parent’s, in its place. */
  #remainder(grown: Grown, parent: OpenLeaf, smaller: OpenLeaf): Float64Array | null {
    const { histogram } = parent;
    if (histogram === null) return null;
    const rowsLeft = parent.end - parent.start - (smaller.end - smaller.start);
    if (rowsLeft < keptRowsMin) {
      this.#release(parent);
      return null;
    }
    const part = smaller.histogram;
    if (part === null) {
      this.#search.begin(grown.rows, smaller.start, smaller.end, grown.residuals);
      this.#search.fillHistogram(histogram, grown.columns, -1);
      return histogram;
    }
    for (let at = 0; at < histogram.length; at++) histogram[at]! -= part[at]!;
    return histogram;
  }

  /** Puts the rows that go left before those that go right, each in their order; returns where the right begins. */
  #partition(rows: Int32Array, { start, end }: OpenLeaf, { column, code, missingLeft }: Split): number {
    const { codes } = this.#data;
    const from = column * this.#data.rows;
    const moved = this.#moved;
    const last = missingLeft ? 255 : code;
    let left = start;
    let right = 0;
    for (let at = start; at < end; at++) {
      const row = rows[at]!;
      const value = codes[from + row]!;
      // Without a branch, which would be guessed wrong too often: the row is put to both sides, and one moves on.
      const goesLeft = Number(value <= code) | Number(value === last);
      rows[left] = row;
      moved[right] = row;
      left += goesLeft;
      right += 1 - goesLeft;
    }
    for (let at = 0; at < right; at++) rows[left + at] = moved[at]!;
    return left;
  }

  #takeHistogram(): Float64Array {
    const spare = this.#spare.pop();
    if (spare === undefined) return new Float64Array(this.#data.columns * bins * this.#search.stride);
    return spare.fill(0);
  }

  #release({ histogram }: OpenLeaf): void {
    if (histogram !== null) this.#spare.push(histogram);
  }
}

/** What one tree is grown with. */
interface Grown {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly residuals: Residuals;
  readonly random: () => number;
  readonly draft: TreeDraft;
}

const largestFloat = 3.402_823_466_385_288_6e38;

function largestGain(open: readonly OpenLeaf[]): number {
  let best = 0;
  for (let at = 1; at < open.length; at++) if (open[at]!.split!.gain > open[best]!.split!.gain) best = at;
  return best;
}

function isPure(totals: Float64Array, { pureAt, width }: Residuals): boolean {
  if (pureAt === 'never') return false;
  const weight = totals[1]!;
  for (let k = 0; k < width; k++) {
    const sum = totals[2 + k]!;
    if (sum > 1e-9 * weight && sum < (1 - 1e-9) * weight) return false;
  }
  return true;
}

/** A tree while it grows. */
class TreeDraft {
  readonly #width: number;
  readonly #features: number[] = [];
  readonly #thresholds: number[] = [];
  readonly #missingLeft: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #gains: number[] = [];
  readonly #values: number[] = [];
  readonly #ranges: number[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  addLeaf(totals: Float64Array, l2: number, start: number, end: number): number {
    this.#ranges.push(start, end);
    const weight = totals[1]! + l2;
    for (let k = 0; k < this.#width; k++) this.#values.push(weight > 0 ? totals[2 + k]! / weight : 0);
    this.#thresholds.push(0);
    this.#missingLeft.push(0);
    this.#left.push(-1);
    this.#right.push(-1);
    this.#gains.push(0);
    return this.#features.push(-1) - 1;
  }

  split(node: number, { column, missingLeft, gain }: Split, threshold: number): void {
    this.#features[node] = column;
    this.#thresholds[node] = threshold;
    this.#missingLeft[node] = missingLeft ? 1 : 0;
    this.#gains[node] = gain;
  }

  link(node: number, left: number, right: number): void {
    this.#left[node] = left;
    this.#right[node] = right;
  }

  finish(): GrownTree {
    const tree = {
      width: this.#width,
      features: new Int32Array(this.#features),
      thresholds: new Float32Array(this.#thresholds),
      missingLeft: new Uint8Array(this.#missingLeft),
      left: new Int32Array(this.#left),
      right: new Int32Array(this.#right),
      gains: new Float64Array(this.#gains),
      values: new Float32Array(this.#values),
    };
    return { tree, ranges: new Int32Array(this.#ranges) };
  }
}
