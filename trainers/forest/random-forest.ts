// Random forests (Breiman 2001): independent trees on bootstrap samples. A tree depends on its number and the seed
// only, so any number of threads makes the same forest.
import { createRandom } from '../random.ts';
import type { Targets } from './forest.ts';
import type { BinnedMatrix } from './matrix.ts';
import { type ForestParameters, featuresIn } from './options.ts';
import type { Residuals } from './split-search.ts';
import type { Tree } from './tree.ts';
import { TreeGrowth } from './tree-growth.ts';

export interface ForestWork {
  readonly data: BinnedMatrix;
  readonly targets: Targets;
  readonly options: ForestParameters;
  readonly seed: number;
}

/** Grows single trees of a forest by their number. */
export class TreePlanter {
  readonly #work: ForestWork;
  readonly #growth: TreeGrowth;
  readonly #columns: Int32Array;
  readonly #counts: Float64Array;
  readonly #residuals: Residuals;

  constructor(work: ForestWork) {
    this.#work = work;
    const { data, targets, options } = work;
    const { rows, columns } = data;
    const width = treeWidth(targets);
    this.#columns = Int32Array.from({ length: columns }, (_, column) => column);
    this.#counts = new Float64Array(rows);
    this.#residuals = {
      width,
      sums: new Float64Array(rows * width),
      weights: new Float64Array(rows),
      pureAt: targets.activation === 'identity' ? 'never' : 'zero-or-one',
    };
    this.#growth = new TreeGrowth(data, width, {
      leafRowsMin: options.leafRowsMin,
      leafWeightMin: 0,
      l2: options.l2,
      depthMax: options.depthMax || Number.POSITIVE_INFINITY,
      leavesMax: options.leavesMax || Number.POSITIVE_INFINITY,
      featuresPerSplit: featuresIn(options, columns, targets.activation),
    });
  }

  plant(number: number): Tree {
    const { seed, options } = this.#work;
    const random = createRandom((Math.imul(seed, 0x9e3779b1) + number) >>> 0);
    const rows = this.#sample(options.bootstrap, random);
    const { tree } = this.#growth.grow(rows, this.#columns, this.#residuals, random);
    return tree.width < this.#work.targets.width ? withOtherClass(tree) : tree;
  }

  /** Draws the rows of a tree and weighs them by how often they were drawn; rows that were not are left out. */
  #sample(bootstrap: boolean, random: () => number): Int32Array {
    const counts = this.#counts;
    const { length } = counts;
    counts.fill(bootstrap ? 0 : 1);
    if (bootstrap) for (let draw = 0; draw < length; draw++) counts[Math.floor(random() * length)]! += 1;
    const { values, weights, width: given } = this.#work.targets;
    const { sums, weights: weighed, width } = this.#residuals;
    const rows = new Int32Array(length);
    let drawn = 0;
    for (let row = 0; row < length; row++) {
      const weight = counts[row]! * (weights?.[row] ?? 1);
      if (weight === 0) continue;
      rows[drawn++] = row;
      weighed[row] = weight;
      // Of two classes the second says it all.
      for (let k = 0; k < width; k++)
        sums[row * width + k] = weight * values[row * given + (given - width) + k]!;
    }
    return rows.subarray(0, drawn);
  }
}

const treeWidth = ({ activation, width }: Targets): number =>
  activation === 'softmax' && width === 2 ? 1 : width;

function withOtherClass(tree: Tree): Tree {
  const values = new Float32Array(tree.values.length * 2);
  tree.values.forEach((share, node) => {
    values[2 * node] = 1 - share;
    values[2 * node + 1] = share;
  });
  return { ...tree, width: 2, values };
}
