// What goes wrong in a world, and how often. Every seed draws its own climate, most troubles are absent from most
// worlds: a fault that is always there hides what only shows without it (swarm testing: Groce et al., ISSTA 2012).
import type { Random } from './random.ts';

/** Chances are per opportunity; intervals are means, in milliseconds, null for never. */
export interface Climate {
  /** One process with the log and the streams in it, or a broker with workers around it. */
  readonly kind: 'embedded' | 'distributed';
  readonly fsync: boolean;
  /** With fsync only: without it nothing is promised. */
  readonly losesPower: boolean;
  readonly partitions: number;
  readonly segmentBytes: number;
  readonly workers: number;
  readonly messages: number;
  readonly keys: number;
  readonly poisonShare: number;
  readonly troubleMs: number;
  /** A request that never arrives. */
  readonly lostRequests: number;
  /** A request that was applied and whose answer never arrives. */
  readonly lostAnswers: number;
  /** A connection that stands still for a while: what was sent arrives late, in order. */
  readonly stalls: number;
  /** Death of one end at a hop of a request: before it is sent, applied, or answered. */
  readonly deathsAtHops: number;
  /** Death during a call that changes the disk, before, in the middle or after it. */
  readonly deathsAtDisk: number;
  readonly shortWrites: number;
  readonly slowDisk: number;
  readonly diskFullEveryMs: number | null;
  readonly brokerDeathEveryMs: number | null;
  readonly workerDeathEveryMs: number | null;
  readonly zombieEveryMs: number | null;
  readonly rebalanceEveryMs: number | null;
  readonly clickhouseDeathEveryMs: number | null;
  /** Others insert into the same tables, so that tokens are forgotten. */
  readonly strangersEveryMs: number | null;
  readonly slowInserts: number;
  readonly refusedInserts: number;
  readonly slowModel: number;
  readonly failingModel: number;
  /** How far clocks of workers and ClickHouse may be from the true time. */
  readonly skewMs: number;
}

export function drawClimate(random: Random): Climate {
  const kind = random.chance(0.35) ? 'embedded' : 'distributed';
  const fsync = random.chance(0.4);
  const sometimes = (low: number, high: number): number =>
    random.chance(0.4) ? random.between(low, high) : 0;
  const every = (low: number, high: number): number | null =>
    random.chance(0.4) ? random.between(low, high) : null;
  return {
    kind,
    fsync,
    losesPower: fsync && random.chance(0.6),
    partitions: random.whole(1, 3),
    segmentBytes: random.pick([1_500, 4_000, 20_000, 1_000_000]),
    workers: random.whole(1, kind === 'embedded' ? 2 : 4),
    messages: random.whole(15, 60),
    keys: random.whole(1, 6),
    poisonShare: random.pick([0, 0.05, 0.3]),
    troubleMs: random.between(8_000, 30_000),
    lostRequests: sometimes(0.01, 0.1),
    lostAnswers: sometimes(0.01, 0.15),
    stalls: sometimes(0.005, 0.03),
    deathsAtHops: sometimes(0.001, 0.008),
    deathsAtDisk: sometimes(0.0005, 0.005),
    shortWrites: sometimes(0.05, 0.3),
    slowDisk: sometimes(0.005, 0.03),
    diskFullEveryMs: random.chance(0.2) ? random.between(5_000, 15_000) : null,
    brokerDeathEveryMs: every(4_000, 20_000),
    workerDeathEveryMs: every(3_000, 15_000),
    zombieEveryMs: every(4_000, 15_000),
    rebalanceEveryMs: every(1_500, 10_000),
    clickhouseDeathEveryMs: every(3_000, 15_000),
    strangersEveryMs: random.pick([null, 60, 200]),
    slowInserts: sometimes(0.05, 0.3),
    refusedInserts: sometimes(0.02, 0.2),
    slowModel: sometimes(0.01, 0.1),
    failingModel: sometimes(0.02, 0.2),
    skewMs: random.pick([0, 1_000, 3_600_000]),
  };
}

/** The climate once everything is well again. */
export const calm = (climate: Climate): Climate => ({
  ...climate,
  lostRequests: 0,
  lostAnswers: 0,
  stalls: 0,
  deathsAtHops: 0,
  deathsAtDisk: 0,
  shortWrites: 0,
  slowDisk: 0,
  diskFullEveryMs: null,
  brokerDeathEveryMs: null,
  workerDeathEveryMs: null,
  zombieEveryMs: null,
  rebalanceEveryMs: null,
  clickhouseDeathEveryMs: null,
  slowInserts: 0,
  refusedInserts: 0,
  slowModel: 0,
  failingModel: 0,
});

/** How often what happened: shows that the faults are really there. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  addAll(other: Tally): void {
    for (const [what, times] of other.counts) this.add(what, times);
  }
}
