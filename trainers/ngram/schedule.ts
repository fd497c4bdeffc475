// How the learning rate falls while the training goes on.

export type Schedule = 'linear' | 'cosine';

/** The share of the first learning rate that is left when `done` (0–1) of the steps are. Both end at zero. */
export function scheduleFactor(schedule: Schedule | undefined, done: number): number {
  // Half a cosine stays high for longer and lands softly (Loshchilov and Hutter 2017, arXiv:1608.03983).
  return schedule === 'cosine' ? 0.5 * (1 + Math.cos(Math.PI * done)) : 1 - done;
}
