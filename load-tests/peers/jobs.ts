// What every peer is asked to do. A job's parameters reach a peer through its environment.

export interface Job {
  readonly name: string;
  readonly about: string;
  readonly model: 'light' | 'heavy';
  readonly rows: number;
  /** Records/s of the open loop; 0: the topic is full before the peer starts. */
  readonly rate: number;
  readonly threads: number;
  readonly maxWaitMs: number;
}

export const jobs: readonly Job[] = [
  {
    name: 'R1',
    about: 'light, as fast as possible',
    model: 'light',
    rows: 300_000,
    rate: 0,
    threads: 1,
    maxWaitMs: 50,
  },
  {
    name: 'R2',
    about: 'heavy, as fast as possible',
    model: 'heavy',
    rows: 5_000,
    rate: 0,
    threads: 2,
    maxWaitMs: 50,
  },
  {
    name: 'R3',
    about: 'light, 1,000 records/s',
    model: 'light',
    rows: 20_000,
    rate: 1_000,
    threads: 1,
    maxWaitMs: 20,
  },
];
