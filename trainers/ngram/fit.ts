// Fits an n-gram network to a corpus by stochastic gradient descent, seeded: same corpus and seed, same bytes. In this
// thread; shards.ts does it in several.
import { createRandom, shuffle } from '../random.ts';
import type { Corpus } from './corpus.ts';
import { labelWeightsOf } from './loss.ts';
import type { Network, NetworkShape } from './network.ts';
import { type Schedule, scheduleFactor } from './schedule.ts';
import { learn } from './step.ts';
import { beginning, type StepOptions, stepOf } from './training-step.ts';

export interface FitOptions extends StepOptions {
  readonly seed: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** How the learning rate falls; linearly by default. */
  readonly schedule?: Schedule;
  /** How much rare labels count: see labelWeightsOf. */
  readonly labelPower?: number;
  /** A network to go on from, instead of a random one. It is trained in place. */
  readonly initial?: Network | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called about a hundred times with the share done and the mean loss since the last call. */
  readonly onProgress?: ((done: number, loss: number) => void) | undefined;
  /** Called after each epoch; `stop` ends the training there. */
  readonly onEpoch?: ((epoch: number, network: Network) => 'go-on' | 'stop') | undefined;
}

/** Trains a network. Yields to the event loop between slices, and throws the signal's reason when aborted. */
export async function fit(shape: NetworkShape, corpus: Corpus, options: FitOptions): Promise<Network> {
  const random = createRandom(options.seed);
  const { network, accumulators } = beginning(shape, options.initial, random);
  const weights = labelWeightsOf(corpus, network.bias.length, options.labelPower ?? 0);
  const step = stepOf(network, accumulators, corpus, options, weights);
  const order = Int32Array.from({ length: corpus.size }, (_, row) => row);
  const total = options.epochs * corpus.size;
  const slice = Math.max(1, Math.min(5_000, Math.ceil(total / 100)));
  let done = 0;
  let loss = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    for (const row of order) {
      const rate = options.learningRate * scheduleFactor(options.schedule, done / total);
      loss += learn(step, corpus, row, rate, random);
      if (++done % slice === 0) {
        options.onProgress?.(done / total, loss / slice);
        loss = 0;
        await new Promise(setImmediate);
        options.signal?.throwIfAborted();
      }
    }
    if (options.onEpoch?.(epoch + 1, network) === 'stop') break;
  }
  return network;
}
