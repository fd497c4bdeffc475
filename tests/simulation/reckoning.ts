// The end of a world: is everything stored, does everybody leave in good order, and is what is there right?
import { check } from './checker.ts';
import type { World } from './world.ts';

const groups: Readonly<Record<string, readonly string[]>> = {
  chain: ['inputs'],
  sink: ['inputs', 'outputs', 'dead-letters'],
};

/** What is not stored yet, for people; null when all of it is. */
export async function lagging(world: World): Promise<string | null> {
  if (!world.producer.done) return 'the producer cannot publish';
  if (world.slots.some(({ actor }) => actor.blockedUntil > world.clock.now)) return 'a process sleeps';
  const lag = await world.askLog(async (log) => {
    const lags: string[] = [];
    for (const [group, topics] of Object.entries(groups)) {
      const positions = await log.positions(group, topics);
      for (const { topic, partition, end } of await log.ranges(topics)) {
        const at = positions.find((position) => position.topic === topic && position.partition === partition);
        if (end > (at?.offset ?? 0))
          lags.push(`${group} is at ${at?.offset ?? 0} of ${end} in ${topic}/${partition}`);
      }
    }
    return lags.join(', ');
  });
  if (lag === null) return 'the log is not open';
  return lag === '' ? null : lag;
}

/** Every worker leaves in good order. */
export async function closeWorkers(world: World): Promise<void> {
  let open = 0;
  for (const { actor, workers } of world.slots.filter((slot) => slot.actor.alive))
    for (const { subscriptions } of workers)
      for (const subscription of subscriptions) {
        open += 1;
        world.clock.after(actor, 0, () => {
          subscription.close().then(() => {
            open -= 1;
          });
        });
      }
  const closed = await world.clock.drive(() => open === 0, world.clock.now + 60_000, Number.MAX_VALUE);
  if (!closed) world.violations.push(`stuck: ${open} subscriptions do not close`);
}

export function unreturnedBytes(world: World): string[] {
  const living = world.slots.filter(({ actor }) => actor.alive);
  const budgets = living.flatMap(({ workers }) => workers.map(({ budget }) => budget.bytes));
  return budgets
    .filter((bytes) => bytes !== 0)
    .map((bytes) => `a budget has ${bytes} bytes that nobody returned`);
}

export async function checked(world: World): Promise<string[]> {
  const { wire, storage } = world;
  const { sent, acknowledged } = world.producer;
  const { excused } = world.ledger;
  const evidence = { wire, storage, sent, acknowledged, excused };
  return (await world.askLog((log) => check(log, evidence))) ?? ['the log cannot be read'];
}
