// The scorer of pairs: standardised features through one hidden layer to a score, fitted so that right answers score
// higher than wrong ones by a margin (Herbrich et al. 2000; hinge loss), by Adam under a cosine schedule.

import { reciprocalRank } from '../evaluation/rankings.ts';
import { createRandom, shuffle } from '../random.ts';
import type { TrainingContext } from '../trainer.ts';
import { rankedGains } from './judgement.ts';

/** The pairs of one question. */
export interface FeatureGroup {
  /** One row of features for each candidate. */
  readonly features: Float32Array;
  readonly relevant: readonly boolean[];
  /** How much it counts beside others. */
  readonly weight: number;
}

export interface ScorerOptions {
  /** Units of the hidden layer; 0 for a linear scorer. */
  readonly hidden: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly margin: number;
  readonly weightDecay: number;
  /** Wrong answers that each right answer is compared with in an epoch, at most. */
  readonly pairsMax: number;
  /** Epochs without a better score on dev after which training ends. */
  readonly patience: number;
}

/** Weights: `first` is features by hidden, `second` has one for each hidden unit (or for each feature). */
export interface Scorer {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  readonly hidden: number;
  readonly first: Float64Array;
  readonly bias: Float64Array;
  readonly second: Float64Array;
}

/** Fits a scorer and resolves to that of the best epoch, by the mean reciprocal rank on dev (on train without dev). */
export async function fitScorer(
  train: readonly FeatureGroup[],
  dev: readonly FeatureGroup[],
  options: ScorerOptions,
  context: Pick<TrainingContext, 'seed' | 'signal' | 'onProgress' | 'onEpoch'>,
): Promise<Scorer> {
  const random = createRandom(context.seed);
  const scorer = createScorer(train, options.hidden, random);
  const optimiser = new Adam([scorer.first, scorer.bias, scorer.second], options.weightDecay);
  const order = Int32Array.from(train, (_, at) => at);
  const judged = dev.length > 0 ? dev : train;
  let best = { score: -1, epoch: -1, scorer: copyOf(scorer) };
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    let loss = 0;
    order.forEach((at, done) => {
      const rate =
        0.5 *
        options.learningRate *
        (1 + Math.cos((Math.PI * (epoch + done / order.length)) / options.epochs));
      loss += learn(scorer, optimiser, train[at]!, rate, options, random);
    });
    await new Promise(setImmediate);
    context.signal?.throwIfAborted();
    const score = meanReciprocalRank(scorer, judged);
    if (score > best.score) best = { score, epoch, scorer: copyOf(scorer) };
    context.onProgress?.((epoch + 1) / options.epochs, loss / Math.max(1, order.length));
    if (context.onEpoch?.(epoch, score) === 'stop' || epoch - best.epoch >= options.patience) break;
  }
  return best.scorer;
}

/** Mean reciprocal rank of groups. */
const meanReciprocalRank = (scorer: Scorer, groups: readonly FeatureGroup[]): number =>
  groups.reduce(
    (sum, { features, relevant }) => sum + reciprocalRank(rankedGains(scoresOf(scorer, features), relevant)),
    0,
  ) / Math.max(1, groups.length);

/** Scores of rows of features. This is the reference for what the ONNX file computes. */
export function scoresOf(scorer: Scorer, features: Float32Array): Float64Array {
  const size = scorer.mean.length;
  const scores = new Float64Array(features.length / size);
  const activity = new Float64Array(Math.max(1, scorer.hidden));
  const row = new Float64Array(size);
  for (let at = 0; at < scores.length; at++) {
    standardise(scorer, features, at, row);
    scores[at] = forward(scorer, row, activity);
  }
  return scores;
}

function createScorer(groups: readonly FeatureGroup[], hidden: number, random: () => number): Scorer {
  const rows = groups.reduce((sum, { relevant }) => sum + relevant.length, 0);
  const size = groups[0]!.features.length / groups[0]!.relevant.length;
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  for (const { features } of groups) {
    for (let at = 0; at < features.length; at++) {
      mean[at % size]! += features[at]! / rows;
      square[at % size]! += features[at]! ** 2 / rows;
    }
  }
  const scale = square.map((value, at) => 1 / Math.sqrt(Math.max(1e-4, value - mean[at]! ** 2)));
  const spread = Math.sqrt(6 / (size + Math.max(1, hidden)));
  const draw = (length: number, range: number) =>
    Float64Array.from({ length }, () => (2 * random() - 1) * range);
  return {
    mean,
    scale,
    hidden,
    first: draw(size * hidden, spread),
    bias: new Float64Array(hidden),
    second: hidden > 0 ? draw(hidden, Math.sqrt(6 / (hidden + 1))) : new Float64Array(size),
  };
}

const copyOf = (scorer: Scorer): Scorer => ({
  ...scorer,
  first: scorer.first.slice(),
  bias: scorer.bias.slice(),
  second: scorer.second.slice(),
});

function standardise({ mean, scale }: Scorer, features: Float32Array, at: number, row: Float64Array): void {
  for (let f = 0; f < row.length; f++) row[f] = (features[at * row.length + f]! - mean[f]!) * scale[f]!;
}

function forward({ hidden, first, bias, second }: Scorer, row: Float64Array, activity: Float64Array): number {
  let score = 0;
  if (hidden === 0) {
    for (let f = 0; f < row.length; f++) score += row[f]! * second[f]!;
    return score;
  }
  for (let unit = 0; unit < hidden; unit++) {
    let sum = bias[unit]!;
    for (let f = 0; f < row.length; f++) sum += row[f]! * first[f * hidden + unit]!;
    activity[unit] = Math.max(0, sum);
    score += activity[unit]! * second[unit]!;
  }
  return score;
}

/** One step on the pairs of a question; returns their mean loss. */
function learn(
  scorer: Scorer,
  optimiser: Adam,
  { features, relevant, weight }: FeatureGroup,
  rate: number,
  { margin, pairsMax }: ScorerOptions,
  random: () => number,
): number {
  const scores = scoresOf(scorer, features);
  const pull = new Float64Array(scores.length);
  const wrong = Int32Array.from(relevant.flatMap((isRight, at) => (isRight ? [] : [at])));
  const right = relevant.flatMap((isRight, at) => (isRight ? [at] : []));
  let loss = 0;
  let pairs = 0;
  for (const better of right) {
    if (wrong.length > pairsMax) shuffle(wrong, random);
    for (const worse of wrong.subarray(0, pairsMax)) {
      pairs++;
      const short = margin - scores[better]! + scores[worse]!;
      if (short <= 0) continue;
      loss += short;
      pull[better]! -= 1;
      pull[worse]! += 1;
    }
  }
  if (pairs === 0) return 0;
  descend(scorer, optimiser, features, pull, weight / pairs, rate);
  return loss / pairs;
}

function descend(
  scorer: Scorer,
  optimiser: Adam,
  features: Float32Array,
  pull: Float64Array,
  factor: number,
  rate: number,
): void {
  const { hidden, second, mean } = scorer;
  const [first, bias, last] = optimiser.gradients as [Float64Array, Float64Array, Float64Array];
  for (const gradient of optimiser.gradients) gradient.fill(0);
  const row = new Float64Array(mean.length);
  const activity = new Float64Array(Math.max(1, hidden));
  for (let at = 0; at < pull.length; at++) {
    const share = pull[at]! * factor;
    if (share === 0) continue;
    standardise(scorer, features, at, row);
    forward(scorer, row, activity);
    for (let f = 0; f < row.length && hidden === 0; f++) last[f]! += share * row[f]!;
    for (let unit = 0; unit < hidden; unit++) {
      last[unit]! += share * activity[unit]!;
      if (activity[unit]! <= 0) continue;
      const slope = share * second[unit]!;
      bias[unit]! += slope;
      for (let f = 0; f < row.length; f++) first[f * hidden + unit]! += slope * row[f]!;
    }
  }
  optimiser.step(rate);
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
class Adam {
  readonly gradients: readonly Float64Array[];
  readonly #weights: readonly Float64Array[];
  readonly #decay: number;
  readonly #means: readonly Float64Array[];
  readonly #squares: readonly Float64Array[];
  #steps = 0;

  constructor(weights: readonly Float64Array[], decay: number) {
    const zeros = () => weights.map((array) => new Float64Array(array.length));
    this.#weights = weights;
    this.#decay = decay;
    this.gradients = zeros();
    this.#means = zeros();
    this.#squares = zeros();
  }

  step(rate: number): void {
    this.#steps++;
    const first = 1 - 0.9 ** this.#steps;
    const second = 1 - 0.999 ** this.#steps;
    this.#weights.forEach((weights, index) => {
      const gradient = this.gradients[index]!;
      const mean = this.#means[index]!;
      const square = this.#squares[index]!;
      for (let at = 0; at < weights.length; at++) {
        mean[at] = 0.9 * mean[at]! + 0.1 * gradient[at]!;
        square[at] = 0.999 * square[at]! + 0.001 * gradient[at]! ** 2;
        const direction = mean[at]! / first / (Math.sqrt(square[at]! / second) + 1e-8);
        weights[at]! -= rate * (direction + this.#decay * weights[at]!);
      }
    });
  }
}
