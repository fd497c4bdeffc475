// What one round of one job costs.

export interface Measured {
  readonly records: number;
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
}
