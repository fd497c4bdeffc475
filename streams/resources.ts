// Keeps the engine within what the machine has: the token budget follows the graphics processor, threads follow the
// processors, and caches are emptied before memory runs out. The decision is a function; a timer feeds it.
import { readGpus } from '../connectors/gpu.ts';
import type { Logger } from '../connectors/logger.ts';
import { availableCores, readMemory } from '../connectors/machine.ts';
import type { Metrics } from '../connectors/metrics.ts';

/** What of the engine is moved. */
export interface Tunable {
  readonly load: { readonly queuedTexts: number };
  setTokenBudget(tokens: number | null): void;
  resize(workers: number): void;
}

/** The machine at one moment. Shares are between 0 and 1. */
export interface Reading {
  /** Of the busiest graphics processor; null where there is none that says. */
  readonly gpuUtilisation: number | null;
  readonly memoryShare: number;
  readonly cores: number;
  /** Whether texts wait: an idle device is no reason for larger batches. */
  readonly isWaiting: boolean;
}

/** What the decisions so far left behind. */
export interface ResourceState {
  /** Tokens of a batch; null while nothing was decided. */
  readonly tokenBudget: number | null;
  /** Readings in a row above (positive) or below (negative) the band in which nothing is done. */
  readonly streak: number;
  /** Readings since caches were emptied; null while memory was never short, or is not any more. */
  readonly sinceShed: number | null;
  readonly cores: number;
}

export interface Decision {
  readonly state: ResourceState;
  /** The new token budget, where it moves. */
  readonly tokenBudget?: number;
  /** The new number of processors, where it changed. */
  readonly cores?: number;
  readonly shed: boolean;
}

const utilisation = { low: 0.7, high: 0.9 };
/** Emptied above the high mark, and again only after it was below the low one, or after a minute above. */
const memory = { low: 0.75, high: 0.8, repeatReadings: 12 };
/** One reading is chance: `nvidia-smi` tells of a fraction of a second. */
const readingsInARow = 2;
const budget = { first: 4_096, min: 256, max: 65_536, up: 1.25, down: 0.75 };

/** What is done about a reading. */
export function decide(reading: Reading, before: ResourceState): Decision {
  const streak = streakOf(reading, before.streak);
  const moved = Math.abs(streak) >= readingsInARow ? movedBudget(before.tokenBudget, streak > 0) : null;
  const moves = moved !== null && moved !== before.tokenBudget;
  const short = reading.memoryShare > memory.high;
  const since = before.sinceShed === null ? null : before.sinceShed + 1;
  const shed = short && (since === null || since >= memory.repeatReadings);
  const recovered = reading.memoryShare < memory.low;
  return {
    state: {
      tokenBudget: moves ? moved : before.tokenBudget,
      // After a move the next one has to be earned again.
      streak: moved === null ? streak : 0,
      sinceShed: shed ? 0 : recovered ? null : since,
      cores: reading.cores,
    },
    ...(moves ? { tokenBudget: moved } : {}),
    ...(reading.cores === before.cores ? {} : { cores: reading.cores }),
    shed,
  };
}

function streakOf({ gpuUtilisation, isWaiting }: Reading, before: number): number {
  if (gpuUtilisation === null) return 0;
  if (gpuUtilisation > utilisation.high) return Math.max(0, before) + 1;
  if (gpuUtilisation < utilisation.low && isWaiting) return Math.min(0, before) - 1;
  return 0;
}

function movedBudget(before: number | null, isBusy: boolean): number {
  const moved = (before ?? budget.first) * (isBusy ? budget.down : budget.up);
  return Math.round(Math.min(budget.max, Math.max(budget.min, moved)));
}

export interface ResourceOptions {
  readonly engine: Tunable;
  /** Whether threads follow the processors: not where a person said how many there are. */
  readonly sizesWorkers: boolean;
  /** Empty caches; called when memory runs out. */
  readonly shedding: readonly (() => void)[];
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'gpuUtilisation' | 'memoryRatio' | 'cachesShed'>;
  readonly everyMs?: number;
  /** Sources of readings; by default this machine’s. */
  readonly gpus?: typeof readGpus;
  readonly memory?: typeof readMemory;
  readonly cores?: () => number;
}

/** Looks at the machine every five seconds (`everyMs`) and does what `decide` says, until it is stopped. */
export function watchResources(options: ResourceOptions): () => Promise<void> {
  const { engine, everyMs = 5_000, cores = availableCores, gpus = readGpus, logger } = options;
  let state: ResourceState = { tokenBudget: null, streak: 0, sinceShed: null, cores: cores() };
  let looking: Promise<void> = Promise.resolve();
  let busy = false;
  /** Without a graphics processor at the first look none is asked again: a program is started for each. */
  let hasGpu = true;
  const look = async () => {
    const readings = hasGpu ? await gpus() : [];
    hasGpu = readings.length > 0;
    const { usedBytes, limitBytes } = (options.memory ?? readMemory)();
    const memoryShare = usedBytes / limitBytes;
    const busiest = readings.flatMap((reading) => reading.utilisation ?? []);
    readings.forEach(({ name, utilisation: share }, at) => {
      if (share !== null) options.metrics.gpuUtilisation.set({ gpu: `${at} ${name}` }, share);
    });
    options.metrics.memoryRatio.set({}, memoryShare);
    const decision = decide(
      {
        gpuUtilisation: busiest.length > 0 ? Math.max(...busiest) : null,
        memoryShare,
        cores: cores(),
        isWaiting: engine.load.queuedTexts > 0,
      },
      state,
    );
    state = decision.state;
    act(decision, memoryShare, options);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look()
      .catch((error: unknown) => logger.warn({ error }, 'the machine could not be looked at'))
      .finally(() => {
        busy = false;
      });
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

function act({ tokenBudget, cores, shed }: Decision, memoryShare: number, options: ResourceOptions): void {
  const { engine, shedding, logger, metrics, sizesWorkers } = options;
  if (tokenBudget !== undefined) {
    engine.setTokenBudget(tokenBudget);
    logger.info({ tokenBudget }, 'the token budget follows the graphics processor');
  }
  if (cores !== undefined && sizesWorkers) {
    engine.resize(Math.max(1, cores - 1));
    logger.info({ cores }, 'this process may use another number of processors');
  }
  if (!shed) return;
  for (const empty of shedding) empty();
  metrics.cachesShed.add({});
  logger.warn({ memoryShare: Math.round(memoryShare * 100) / 100 }, 'memory runs out: caches are emptied');
}
