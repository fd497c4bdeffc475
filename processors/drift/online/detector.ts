// The one shape of an online detector: it takes one value of a stream with labels and says whether the stream has moved.

/** `warning` where a detector has such a zone. After `drift` it begins anew with the next value. */
export type Flag = 'stable' | 'warning' | 'drift';

export interface Detector {
  /** Takes the next value: 1 for an error and 0 for a right answer, or any number where the detector takes numbers. */
  update(value: number): Flag;
  /** All that it remembers, as JSON: a detector that is made from it goes on as if it had never stopped. */
  state(): unknown;
}
