// Page–Hinkley test (Page, “Continuous inspection schemes”, 1954): what values deviate from their mean so far is added
// up with forgetting; drift is when the sum has left its lowest or highest point by a threshold.
import type { Detector, Flag } from './detector.ts';

export interface PageHinkleyOptions {
  /** Values before which nothing is said. */
  readonly warmUp: number;
  /** Deviation that is no drift, however long it lasts, in units of the values. */
  readonly tolerated: number;
  /** Summed deviation from which on it is drift, in units of the values. */
  readonly threshold: number;
  /** Share of the sum that is kept from value to value. */
  readonly kept: number;
  readonly direction: 'up' | 'down' | 'both';
}

export interface PageHinkleyState {
  readonly values: number;
  readonly mean: number;
  readonly rise: number;
  readonly fall: number;
  /** Null before the first value: JSON knows no infinity. */
  readonly lowestRise: number | null;
  readonly highestFall: number;
  readonly drifted: boolean;
}

const defaults: PageHinkleyOptions = {
  warmUp: 30,
  tolerated: 0.005,
  threshold: 50,
  kept: 1 - 0.0001,
  direction: 'both',
};
const start: PageHinkleyState = {
  values: 0,
  mean: 0,
  rise: 0,
  fall: 0,
  lowestRise: null,
  // river begins at −1 as well, so that a first value far below it is not yet a fall.
  highestFall: -1,
  drifted: false,
};

/** Takes any numbers. Options and defaults are river’s (`min_instances`, `delta`, `threshold`, `alpha`, `mode`). */
export class PageHinkley implements Detector {
  readonly #options: PageHinkleyOptions;
  #state: PageHinkleyState;

  constructor(options: Partial<PageHinkleyOptions> = {}, state: PageHinkleyState = start) {
    this.#options = { ...defaults, ...options };
    this.#state = state;
  }

  update(value: number): Flag {
    const before = this.#state.drifted ? start : this.#state;
    const { warmUp, tolerated, threshold, kept, direction } = this.#options;
    const values = before.values + 1;
    const mean = before.mean + (1 / values) * (value - before.mean);
    const rise = kept * before.rise + (value - mean) - tolerated;
    const fall = kept * before.fall + (value - mean) + tolerated;
    const lowestRise = Math.min(before.lowestRise ?? Number.POSITIVE_INFINITY, rise);
    const highestFall = Math.max(before.highestFall, fall);
    const drifted =
      values >= warmUp &&
      ((direction !== 'down' && rise - lowestRise > threshold) ||
        (direction !== 'up' && highestFall - fall > threshold));
    this.#state = { values, mean, rise, fall, lowestRise, highestFall, drifted };
    return drifted ? 'drift' : 'stable';
  }

  state(): PageHinkleyState {
    return this.#state;
  }
}
