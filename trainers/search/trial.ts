// A trial: one setting that was tried, and what became of it.
import type { Setting } from './space.ts';

export interface Trial {
  /** From 0, in the order in which they were begun. */
  readonly trial: number;
  readonly setting: Setting;
  /** Finished; pruned, because it fell behind; failed, with `error`. */
  readonly state: 'finished' | 'pruned' | 'failed';
  /** The objective, higher is better. Absent where it failed or was pruned. */
  readonly score?: number | undefined;
  /** Other figures on dev. */
  readonly figures?: Readonly<Record<string, number>> | undefined;
  /** What the trainer said about dev after each epoch (or block of trees), higher is better. */
  readonly epochs: readonly number[];
  readonly seconds: number;
  readonly error?: string | undefined;
}

/** The best finished trial; the earlier of equals. */
export function bestOf(trials: readonly Trial[]): Trial | undefined {
  return trials
    .filter(({ state }) => state === 'finished')
    .reduce<Trial | undefined>(
      (best, trial) => (best === undefined || trial.score! > best.score! ? trial : best),
      undefined,
    );
}
