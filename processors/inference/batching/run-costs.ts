// What runs cost, by what was asked, and what follows from it: how large batches become, and which models are light
// enough to run where their data is.
import { type CostSample, LearnedCost } from './cost.ts';

/** Tokens of the largest batch that any model gets by default. */
const largeTokens = 16_384;
/** A batch of so many tokens tells whether a model is light. */
const lightTokens = 4_096;
/** Tokens of a full batch of a model that takes its time: on a CPU more gain nothing. */
const smallTokens = 1_024;
/** Batches between the two are as large as fits into so many milliseconds. */
const fullRunMs = 10;

export class RunCosts {
  readonly #costs = new Map<string, LearnedCost>();
  readonly #light = new Set<string>();
  /** Tasks whose model is loaded here too. */
  readonly #here = new Set<string>();
  readonly #inlineMsMax: number;
  #tokenBudget: number | null = null;

  /**
   * A model that runs 4,096 tokens in `inlineMsMax` runs where its data is, until they take twice as much. Its batches
   * are as large as fits into that time, since nothing else happens on the loop meanwhile.
   */
  constructor(inlineMsMax: number) {
    this.#inlineMsMax = inlineMsMax;
  }

  /** What first runs took. */
  seed(task: string, samples: readonly CostSample[]): void {
    this.#costs.set(task, new LearnedCost(samples));
  }

  of(key: string): LearnedCost {
    let cost = this.#costs.get(key);
    if (cost === undefined) {
      cost = new LearnedCost();
      this.#costs.set(key, cost);
    }
    return cost;
  }

  observe(key: string, sample: CostSample): void {
    this.of(key).observe(sample);
    if (this.#here.has(key)) this.#weigh(key);
  }

  /** Whether a model is light by what its runs took so far. */
  isLight(task: string): boolean {
    const cost = this.of(task);
    return cost.isKnown && cost.expectedMs(lightTokens) <= this.#inlineMsMax;
  }

  /** A model is loaded on the calling thread as well. */
  loadedHere(task: string): void {
    this.#here.add(task);
    this.#weigh(task);
  }

  /** Whether batches of a model run on the calling thread at present. */
  runsHere(task: string): boolean {
    return this.#light.has(task);
  }

  /** Tokens of a full batch in threads; null for what is learned. */
  set tokenBudget(tokens: number | null) {
    this.#tokenBudget = tokens;
  }

  get tokenBudget(): number | null {
    return this.#tokenBudget;
  }

  /** Tokens of a full batch, padding counted. */
  fullBatchTokens(task: string): number {
    const isHere = this.runsHere(task);
    if (!isHere && this.#tokenBudget !== null) return this.#tokenBudget;
    const cost = this.of(task);
    if (!cost.isKnown) return smallTokens;
    const fitting = cost.unitsWithin(isHere ? this.#inlineMsMax : fullRunMs);
    return Math.round(Math.min(largeTokens, Math.max(smallTokens, fitting)));
  }

  #weigh(task: string): void {
    const fullMs = this.of(task).expectedMs(lightTokens);
    if (this.#light.has(task)) {
      if (fullMs > 2 * this.#inlineMsMax) this.#light.delete(task);
    } else if (this.isLight(task)) this.#light.add(task);
  }
}
