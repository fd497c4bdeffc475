// Early Drift Detection Method (Baena-García and others, 2006): errors that come closer together than they ever did. Sees
// gradual drift sooner than the error rate does.
import type { Detector, Flag } from './detector.ts';

export interface EddmOptions {
  /** Values, and then errors, before which nothing is said. */
  readonly warmUp: number;
  /** Share of the widest distance between errors below which it warns, and below which it says drift. */
  readonly warningBelow: number;
  readonly driftBelow: number;
}

export interface EddmState {
  readonly values: number;
  readonly errors: number;
  /** Number of the value that was the last error. */
  readonly lastError: number;
  /** Mean distance between errors, and the sum of squares around it. */
  readonly mean: number;
  readonly squares: number;
  /** Mean and two deviations, where they were widest. */
  readonly widest: number;
  readonly flag: Flag;
}

const defaults: EddmOptions = { warmUp: 30, warningBelow: 0.95, driftBelow: 0.9 };
const start: EddmState = {
  values: 0,
  errors: 0,
  lastError: 0,
  mean: 0,
  squares: 0,
  widest: -1,
  flag: 'stable',
};

/**
 * Takes 1 for an error and 0 for a right answer; between two errors it says what it said last. Options and defaults are
 * river’s (`alpha`, `beta`). Throws `RangeError` where a warning would come after the drift.
 */
export class Eddm implements Detector {
  readonly #options: EddmOptions;
  #state: EddmState;

  constructor(options: Partial<EddmOptions> = {}, state: EddmState = start) {
    this.#options = { ...defaults, ...options };
    this.#state = state;
    const { warningBelow, driftBelow } = this.#options;
    if (warningBelow < driftBelow)
      throw new RangeError(`It would warn below ${warningBelow}, after drift below ${driftBelow}.`);
  }

  update(error: number): Flag {
    const before = this.#state.flag === 'drift' ? start : this.#state;
    const next = { ...before, values: before.values + 1 };
    this.#state = error === 1 ? this.#afterError(next) : next;
    return this.#state.flag;
  }

  #afterError(before: EddmState): EddmState {
    const errors = before.errors + 1;
    const distance = before.values - before.lastError;
    const mean = before.mean + (1 / errors) * (distance - before.mean);
    const squares = before.squares + (distance - before.mean) * (distance - mean);
    const width = mean + 2 * (errors > 1 ? squares / (errors - 1) : 0) ** 0.5;
    const after = { ...before, errors, mean, squares, lastError: before.values };
    if (before.values <= this.#options.warmUp) return after;
    if (width > before.widest) return { ...after, widest: width };
    if (errors <= this.#options.warmUp) return after;
    return { ...after, flag: this.#flagOf(width / before.widest) };
  }

  #flagOf(share: number): Flag {
    if (share < this.#options.driftBelow) return 'drift';
    return share < this.#options.warningBelow ? 'warning' : 'stable';
  }

  state(): EddmState {
    return this.#state;
  }
}
