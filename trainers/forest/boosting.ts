// Gradient-boosted trees (Friedman 2001; second-order leaves as in Chen and Guestrin 2016): each round fits a tree for
// each target to what the trees before it left over, and stops when the loss on dev has not fallen for a while.
import { createRandom, shuffle } from '../random.ts';
import { activateRows, type Forest, lossOf, type Targets } from './forest.ts';
import type { BinnedMatrix, Matrix } from './matrix.ts';
import { type ForestParameters, featuresIn } from './options.ts';
import type { Residuals } from './split-search.ts';
import { addAnswers, type Tree } from './tree.ts';
import { TreeGrowth } from './tree-growth.ts';

/** Rows with the scores that the trees so far give them. */
interface Scored {
  readonly matrix: Matrix;
  readonly targets: Targets;
  readonly scores: Float64Array;
}

export class Boosting {
  readonly #data: BinnedMatrix;
  readonly #options: ForestParameters;
  readonly #train: Scored;
  readonly #dev: Scored | undefined;
  readonly #growth: TreeGrowth;
  readonly #random: () => number;
  readonly #residuals: Residuals;
  /** All rows, in order. */
  readonly #rows: Int32Array;
  readonly #base: Float64Array;
  readonly #trees: { readonly tree: Tree; readonly target: number }[] = [];
  #bestLoss = Number.POSITIVE_INFINITY;
  #bestTrees = 0;
  #worse = 0;

  constructor(
    data: BinnedMatrix,
    [train, dev]: readonly [Omit<Scored, 'scores'>, Omit<Scored, 'scores'>?],
    options: ForestParameters,
    seed: number,
  ) {
    this.#data = data;
    this.#options = options;
    this.#random = createRandom(seed);
    this.#rows = new Int32Array(data.rows);
    for (let row = 0; row < data.rows; row++) this.#rows[row] = row;
    this.#base = baseOf(train.targets);
    const scored = (rows: Omit<Scored, 'scores'>): Scored => ({
      ...rows,
      scores: rows.targets.values.map((_, at) => this.#base[at % this.#base.length]!),
    });
    this.#train = scored(train);
    this.#dev = dev === undefined ? undefined : scored(dev);
    this.#residuals = {
      width: 1,
      sums: new Float64Array(data.rows),
      weights: new Float64Array(data.rows),
      pureAt: 'never',
    };
    this.#growth = new TreeGrowth(data, 1, {
      leafRowsMin: options.leafRowsMin,
      leafWeightMin: 1e-3,
      l2: options.l2,
      unitWeights: train.targets.activation === 'identity' && train.targets.weights === undefined,
      depthMax: options.depthMax || Number.POSITIVE_INFINITY,
      leavesMax: options.leavesMax || 31,
      featuresPerSplit: data.columns,
    });
  }

  /** Adds the trees of a round. `devLoss` is undefined without dev; `done` says that further rounds would not help. */
  round(): { readonly devLoss: number | undefined; readonly done: boolean } {
    const { targets } = this.#train;
    const rows = this.#drawRows();
    const columns = this.#drawColumns();
    const answers = answersFor(this.#train);
    for (let target = isBinary(targets) ? 1 : 0; target < targets.width; target++) {
      this.#leftOver(answers, target);
      const ordered = rows.slice();
      const grown = this.#growth.grow(ordered, columns, this.#residuals, this.#random);
      const values = grown.tree.values.map((value) => value * this.#options.learningRate);
      const tree = { ...grown.tree, values };
      const place = { targets: targets.width, target, scale: 1 };
      const { matrix, scores } = this.#train;
      if (ordered.length < matrix.rows) addAnswers(tree, matrix, scores, place);
      else addLeaves(tree, { rows: ordered, ranges: grown.ranges }, scores, place);
      if (this.#dev) addAnswers(tree, this.#dev.matrix, this.#dev.scores, place);
      this.#trees.push({ tree, target });
    }
    return this.#judge();
  }

  /** The forest of the rounds up to the best one on dev, or of all rounds without dev. */
  finish(): Forest {
    const { activation, width } = this.#train.targets;
    return {
      method: 'boosting',
      activation,
      columns: this.#data.columns,
      width,
      base: this.#base,
      trees: this.#dev && this.#options.patience > 0 ? this.#trees.slice(0, this.#bestTrees) : this.#trees,
      temperature: 1,
    };
  }

  #judge(): { readonly devLoss: number | undefined; readonly done: boolean } {
    if (this.#dev === undefined) return { devLoss: undefined, done: false };
    const devLoss = lossOf(this.#dev.targets, answersFor(this.#dev));
    if (devLoss < this.#bestLoss) {
      this.#bestLoss = devLoss;
      this.#bestTrees = this.#trees.length;
      this.#worse = 0;
    } else this.#worse++;
    return { devLoss, done: this.#options.patience > 0 && this.#worse >= this.#options.patience };
  }

  /** Negative gradients and hessians of the loss for a target. */
  #leftOver(answers: Float64Array, target: number): void {
    const { activation, width, values, weights } = this.#train.targets;
    const { sums, weights: hessians } = this.#residuals;
    for (let row = 0; row < sums.length; row++) {
      const at = row * width + target;
      const weight = weights?.[row] ?? 1;
      const answer = answers[at]!;
      sums[row] = weight * (values[at]! - answer);
      hessians[row] = activation === 'identity' ? weight : weight * Math.max(answer * (1 - answer), 1e-16);
    }
  }

  #drawRows(): Int32Array {
    const { rowShare } = this.#options;
    return rowShare === 1 ? this.#rows : this.#rows.filter(() => this.#random() < rowShare);
  }

  #drawColumns(): Int32Array {
    const { columns } = this.#data;
    const wanted = featuresIn(this.#options, columns, this.#train.targets.activation);
    const all = Int32Array.from({ length: columns }, (_, column) => column);
    if (wanted === columns) return all;
    shuffle(all, this.#random);
    return all.slice(0, wanted).sort();
  }
}

/** Of two classes one tree a round is enough: the first keeps the logit 0. */
const isBinary = ({ activation, width }: Targets): boolean => activation === 'softmax' && width === 2;

function answersFor({ targets, scores }: Scored): Float64Array {
  if (targets.activation === 'identity') return scores;
  const answers = scores.slice();
  activateRows(answers, targets.width, targets.activation);
  return answers;
}

/** Adds what a tree answers for the rows that it was grown on: their leaves are known, and need not be looked for. */
function addLeaves(
  { features, values }: Tree,
  { rows, ranges }: { readonly rows: Int32Array; readonly ranges: Int32Array },
  scores: Float64Array,
  { targets, target }: { readonly targets: number; readonly target: number },
): void {
  for (let node = 0; node < features.length; node++) {
    if (features[node]! >= 0) continue;
    const end = ranges[2 * node + 1]!;
    for (let at = ranges[2 * node]!; at < end; at++) scores[rows[at]! * targets + target]! += values[node]!;
  }
}

/** The best answer without any tree: means, or their logits. */
function baseOf(targets: Targets): Float64Array {
  const { activation, width, values, weights } = targets;
  const sums = new Float64Array(width);
  let weighed = 0;
  for (let row = 0; row * width < values.length; row++) {
    const weight = weights?.[row] ?? 1;
    weighed += weight;
    for (let k = 0; k < width; k++) sums[k]! += weight * values[row * width + k]!;
  }
  const means = sums.map((sum) => sum / weighed);
  if (activation === 'identity') return means;
  const bounded = means.map((mean) => Math.min(Math.max(mean, 1e-6), 1 - 1e-6));
  if (activation === 'sigmoid') return bounded.map((mean) => Math.log(mean / (1 - mean)));
  if (isBinary(targets)) return Float64Array.of(0, Math.log(bounded[1]! / bounded[0]!));
  return bounded.map(Math.log);
}
