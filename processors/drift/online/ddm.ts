// Drift Detection Method (Gama, Medas, Castillo and Rodrigues, “Learning with drift detection”, 2004): the error rate of
// a model that learns nothing new should fall or stay; it has risen when it leaves the best it ever was by deviations.
import type { Detector, Flag } from './detector.ts';

export interface DdmOptions {
  /** Values before which nothing is said. */
  readonly warmUp: number;
  /** Deviations of the best error rate above it from which on it warns, and says drift. */
  readonly warningAt: number;
  readonly driftAt: number;
}

export interface DdmState {
  readonly values: number;
  readonly errorRate: number;
  readonly best: { readonly rate: number; readonly deviation: number } | null;
  readonly drifted: boolean;
}

const defaults: DdmOptions = { warmUp: 30, warningAt: 2, driftAt: 3 };
const start: DdmState = { values: 0, errorRate: 0, best: null, drifted: false };

/** Takes 1 for an error and 0 for a right answer. Options and defaults are river’s. */
export class Ddm implements Detector {
  readonly #options: DdmOptions;
  #state: DdmState;

  constructor(options: Partial<DdmOptions> = {}, state: DdmState = start) {
    this.#options = { ...defaults, ...options };
    this.#state = state;
  }

  update(error: number): Flag {
    const before = this.#state.drifted ? start : this.#state;
    const values = before.values + 1;
    const errorRate = before.errorRate + (1 / values) * (error - before.errorRate);
    const deviation = Math.sqrt((errorRate * (1 - errorRate)) / values);
    const { warmUp, warningAt, driftAt } = this.#options;
    let { best } = before;
    let flag: Flag = 'stable';
    if (values > warmUp) {
      const level = errorRate + deviation;
      if (best === null || level <= best.rate + best.deviation) best = { rate: errorRate, deviation };
      if (level > best.rate + driftAt * best.deviation) flag = 'drift';
      else if (level > best.rate + warningAt * best.deviation) flag = 'warning';
    }
    this.#state = { values, errorRate, best, drifted: flag === 'drift' };
    return flag;
  }

  state(): DdmState {
    return this.#state;
  }
}
