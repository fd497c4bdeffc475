// A decision tree as flat arrays, and ensembles of them.
import type { Matrix } from './matrix.ts';

/** Node 0 is the root. A node with feature -1 is a leaf. */
export interface Tree {
  /** Values of a leaf. */
  readonly width: number;
  /** The column a node asks for, -1 in leaves. */
  readonly features: Int32Array;
  /** A value up to this one goes left. */
  readonly thresholds: Float32Array;
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** By how much each split lowered the loss, 0 in leaves. */
  readonly gains: Float64Array;
  /** Nodes × width. */
  readonly values: Float32Array;
}

/** The node a row ends in. */
function leafOf(tree: Tree, { values, columns }: Matrix, row: number): number {
  const { features, thresholds, missingLeft, left, right } = tree;
  const from = row * columns;
  let node = 0;
  for (;;) {
    const feature = features[node]!;
    if (feature < 0) return node;
    const value = values[from + feature]!;
    const goesLeft = value <= thresholds[node]! || (missingLeft[node] === 1 && Number.isNaN(value));
    node = goesLeft ? left[node]! : right[node]!;
  }
}

/** Adds `scale` times what a tree answers for each row to columns [target, target + width) of `sums` (rows × targets). */
export function addAnswers(
  tree: Tree,
  matrix: Matrix,
  sums: Float64Array,
  { targets, target, scale }: { readonly targets: number; readonly target: number; readonly scale: number },
): void {
  const { width } = tree;
  for (let row = 0; row < matrix.rows; row++) {
    const leaf = leafOf(tree, matrix, row);
    for (let k = 0; k < width; k++)
      sums[row * targets + target + k]! += scale * tree.values[leaf * width + k]!;
  }
}
