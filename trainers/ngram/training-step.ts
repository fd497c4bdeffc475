// What training begins with, in whichever thread: weights, and steps with the loss that the options ask for.
import type { Corpus } from './corpus.ts';
import { createLoss, type LossOptions } from './loss.ts';
import { createNetwork, type Network, type NetworkShape } from './network.ts';
import type { Weights } from './shard-memory.ts';
import { type Accumulators, createAccumulators, createStep, type Step } from './step.ts';

/** The options that a step depends on. */
export interface StepOptions extends Partial<Omit<LossOptions, 'activation' | 'labelWeights'>> {
  /** Share of the ids of a text that a step does not see: no single n-gram is relied on. */
  readonly dropout: number;
  /** Weights that a step touches shrink by this, times the learning rate. */
  readonly weightDecay?: number;
}

/**
 * Sums that the steps of a network that is gone on from begin with: as if it had been moved before, because a first
 * step as large as that of an untrained network would throw away what it knows.
 */
const movedBefore = 1;

/** Weights to begin with: random ones, or those of a release. */
export function beginning(shape: NetworkShape, initial: Network | undefined, random: () => number): Weights {
  const network = initial ?? createNetwork(shape, random);
  const accumulators = createAccumulators(network);
  if (initial !== undefined) {
    accumulators.accumulators.fill(movedBefore);
    accumulators.outputAccumulators.fill(movedBefore);
  }
  return { network, accumulators };
}

/** Steps on a corpus with the options' loss. */
export function stepOf(
  network: Network,
  accumulators: Accumulators,
  corpus: Corpus,
  options: StepOptions,
  labelWeights: Float64Array | undefined,
): Step {
  const { dropout, weightDecay = 0, focalGamma = 0, labelSmoothing = 0, ordinalSpread = 0 } = options;
  const { activation } = network.shape;
  const loss = createLoss(
    { activation, focalGamma, labelSmoothing, ordinalSpread, labelWeights },
    network.bias.length,
  );
  return createStep(network, corpus, { ...accumulators, loss, dropout, weightDecay });
}
