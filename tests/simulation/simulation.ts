// Runs one seed from its beginning to its verdict.
import type { Wire } from '../../connectors/wire/wire.ts';
import type { Climate, Tally } from './faults.ts';
import { checked, closeWorkers, lagging, unreturnedBytes } from './reckoning.ts';
import { none, type Sabotage } from './sabotage.ts';
import { onGround } from './underlay.ts';
import { World } from './world.ts';

/** How long a mended world may take to store everything: sessions end, zombies wake up, requests stand still. */
const drainMs = 120_000;
const eventsMax = 300_000;
const lookEveryMs = 2_000;
/** So long nothing may be missing: what still stands still on the network, or sleeps, can add to it. */
const quietMs = 8_000;

export interface Verdict {
  readonly seed: number;
  readonly climate: Climate;
  /** What is wrong, for people; nothing when all is well. */
  readonly violations: readonly string[];
  readonly tally: Tally;
  /** Equal for equal runs. */
  readonly trace: string;
  readonly events: number;
  readonly virtualMs: number;
}

export interface SimulateOptions {
  readonly sabotage?: Sabotage;
  readonly print?: (line: string) => void;
}

export async function simulate(seed: number, wire: Wire, options: SimulateOptions = {}): Promise<Verdict> {
  const world = new World(seed, wire, options.sabotage ?? none, options.print ?? null);
  const { clock, disk, productionRandom: random } = world;
  const begun = clock.now;
  // Errors are part of every world, and their stacks cost more than all else; they are there when a seed is traced.
  const { stackTraceLimit } = Error;
  if (!options.print) Error.stackTraceLimit = 0;
  const violations = await onGround({ clock, disk, random }, () => judge(world)).finally(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  for (const violation of violations) world.note('verdict', violation.split('\n', 1)[0]!);
  const { tally, trace, drawn: climate } = world;
  return {
    seed,
    climate,
    violations,
    tally,
    trace: trace.hash,
    events: clock.events,
    virtualMs: clock.now - begun,
  };
}

async function judge(world: World): Promise<readonly string[]> {
  const { clock, violations, ledger, drawn } = world;
  const broken = (): boolean => violations.length > 0 || ledger.violations.length > 0;
  const found = (): readonly string[] => [...violations, ...ledger.violations];
  world.start();
  await clock.drive(broken, clock.now + drawn.troubleMs, eventsMax);
  if (broken()) return found();
  world.mend();
  const until = clock.now + drainMs;
  let waits: string | null = null;
  for (let quietSince = clock.now; clock.now - quietSince < quietMs; ) {
    await clock.drive(broken, clock.now + lookEveryMs, eventsMax);
    if (broken()) return found();
    waits = await lagging(world);
    if (waits !== null) quietSince = clock.now;
    if (clock.now > until || clock.events > eventsMax) break;
  }
  if (waits !== null)
    return [`stuck: ${waits} after ${Math.round((clock.now - until + drainMs) / 1_000)} s without a fault`];
  await closeWorkers(world);
  if (broken()) return found();
  return [...unreturnedBytes(world), ...(await checked(world))];
}
