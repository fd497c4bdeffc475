// Fits a forest to numbers: the interface without texts, for benchmarks, searches and the trainer.
import { availableParallelism } from 'node:os';
import { Misconfigured } from '../../schemas/errors.ts';
import { Boosting } from './boosting.ts';
import { answersOf, type Forest, lossOf, type Targets } from './forest.ts';
import { binMatrix, type Matrix } from './matrix.ts';
import { type ForestParameters, forestParameters } from './options.ts';
import type { ForestWork } from './random-forest.ts';
import { otherThreads, ownThread } from './tree-threads.ts';

/** Rows that are judged on while fitting and not learned from. */
export interface Dev {
  readonly matrix: Matrix;
  readonly targets: Targets;
}

export interface FitContext {
  readonly seed: number;
  /** Threads a forest’s trees are grown on; all processors where absent. The forest is the same for any number. */
  readonly threads?: number | undefined;
  /** Boosting stops early by it, and `onEpoch` gets scores on it. */
  readonly dev?: Dev | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, loss?: number) => void) | undefined;
  /** Gets the negative dev loss after every block of trees; with the answer `stop` the forest stays as it is. */
  readonly onEpoch?: ((epoch: number, devScore: number) => 'go-on' | 'stop') | undefined;
}

/** Trees between two calls of `onEpoch`: the same on every machine, because what they answer must not depend on it. */
const blockTrees = 20;

/** Rows × features × trees from which starting threads is worth their start. */
const threadedWorkMin = 1e7;

/**
 * Fits a forest. Throws `Misconfigured` where rows and targets do not fit together or a target is not finite, and the
 * signal’s reason when aborted.
 */
export async function fitForest(
  matrix: Matrix,
  targets: Targets,
  options: Partial<ForestParameters>,
  context: FitContext,
): Promise<Forest> {
  checkTargets(matrix, targets);
  const complete = forestParameters.parse(options);
  context.signal?.throwIfAborted();
  return complete.method === 'forest'
    ? plantForest(matrix, targets, complete, context)
    : boost(matrix, targets, complete, context);
}

function checkTargets({ rows }: Matrix, { width, values, weights }: Targets): void {
  const fits = width > 0 && values.length === rows * width && (weights?.length ?? rows) === rows;
  const isSound = values.every(Number.isFinite) && (weights?.every((weight) => weight >= 0) ?? true);
  if (fits && isSound) return;
  const problem = fits
    ? 'targets have to be finite, and weights not negative'
    : `${rows} rows need ${rows} × ${width} targets, and got ${values.length}`;
  throw new Misconfigured(`a forest cannot be fitted: ${problem}`, {
    code: 'bad-training-data',
    fix: 'Correct or leave out the rows that have no proper value.',
  });
}

async function plantForest(
  matrix: Matrix,
  targets: Targets,
  options: ForestParameters,
  context: FitContext,
): Promise<Forest> {
  const { seed, signal, onProgress } = context;
  const work: ForestWork = { data: binMatrix(matrix, options.bins), targets, options, seed };
  const threads = Math.min(context.threads ?? availableParallelism(), Math.ceil(options.trees / 4));
  const isLarge = matrix.rows * matrix.columns * options.trees >= threadedWorkMin;
  const nursery = threads > 1 && isLarge ? otherThreads(work, threads, signal) : ownThread(work, signal);
  let forest: Forest = {
    method: 'forest',
    activation: targets.activation,
    columns: matrix.columns,
    width: targets.width,
    base: new Float64Array(targets.width),
    trees: [],
    temperature: 1,
  };
  try {
    for (let first = 0; first < options.trees; first += blockTrees) {
      const last = Math.min(options.trees, first + blockTrees);
      const grown = await nursery.grow(first, last);
      forest = { ...forest, trees: [...forest.trees, ...grown.map((tree) => ({ tree, target: 0 }))] };
      onProgress?.(last / options.trees);
      if (answerOfEpoch(forest, last / blockTrees, context) === 'stop') break;
    }
    return forest;
  } finally {
    await nursery.close();
  }
}

function answerOfEpoch(forest: Forest, epoch: number, { dev, onEpoch }: FitContext): 'go-on' | 'stop' {
  if (onEpoch === undefined || dev === undefined) return 'go-on';
  return onEpoch(Math.ceil(epoch), -lossOf(dev.targets, answersOf(forest, dev.matrix)));
}

async function boost(
  matrix: Matrix,
  targets: Targets,
  options: ForestParameters,
  { seed, dev, signal, onProgress, onEpoch }: FitContext,
): Promise<Forest> {
  const data = binMatrix(matrix, options.bins);
  const train = { matrix, targets };
  const boosting = new Boosting(data, dev === undefined ? [train] : [train, dev], options, seed);
  for (let round = 1; round <= options.trees; round++) {
    const { devLoss, done } = boosting.round();
    onProgress?.(round / options.trees, devLoss);
    if (done) break;
    const isBlock = round % blockTrees === 0 || round === options.trees;
    if (isBlock && devLoss !== undefined && onEpoch?.(Math.ceil(round / blockTrees), -devLoss) === 'stop')
      break;
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
  return boosting.finish();
}
