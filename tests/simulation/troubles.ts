// Troubles that come by themselves, as often as the climate says, until the world is mended.
import type { Actor } from './clock.ts';
import type { World } from './world.ts';

export function planTroubles(world: World): void {
  const { drawn, clock, tally, random } = world;
  every(world, drawn.brokerDeathEveryMs, () => world.kill(world.brokerActor, 'killed'));
  every(world, drawn.clickhouseDeathEveryMs, () => world.kill(world.clickhouse.actor, 'killed'));
  every(world, drawn.diskFullEveryMs, () => {
    tally.add('disk full for a while');
    world.full.until = clock.now + random.between(200, 4_000);
  });
  const { strangersEveryMs } = drawn;
  // Ten at once: fewer events.
  every(world, strangersEveryMs && 10 * strangersEveryMs, () => {
    for (let times = 0; times < 10; times += 1) world.storage.insertOfStrangers();
  });
  every(world, drawn.zombieEveryMs, () => sleep(world, anyWorker(world)));
  if (drawn.kind === 'embedded') return;
  every(world, drawn.workerDeathEveryMs, () => world.kill(anyWorker(world), 'killed'));
  every(world, drawn.rebalanceEveryMs, () => changeMembers(world));
}

function every(world: World, meanMs: number | null, happens: () => void): void {
  if (meanMs === null) return;
  const delayMs = -meanMs * Math.log(1 - world.random.next());
  world.clock.after(world.self, delayMs, () => {
    if (!world.isTroubled) return;
    happens();
    every(world, meanMs, happens);
  });
}

function anyWorker({ slots, brokerActor, random }: World): Actor {
  return slots.length === 0 ? brokerActor : random.pick(slots).actor;
}

/** SIGSTOP, and SIGCONT when its session is long over. */
function sleep(world: World, actor: Actor): void {
  if (!actor.alive) return;
  const forMs = world.random.between(1_000, 25_000);
  world.tally.add('process slept');
  world.note(actor.name, `sleeps ${Math.round(forMs)} ms`);
  actor.blockedUntil = Math.max(actor.blockedUntil, world.clock.now + forMs);
}

/** A worker joins, or one leaves in good order and comes back. */
function changeMembers(world: World): void {
  if (world.slots.length < 5 && world.random.chance(0.4)) {
    world.tally.add('worker joined');
    world.startSlot(world.newSlot(world.slots.length));
    return;
  }
  const slot = world.random.pick(world.slots);
  const { actor, workers } = slot;
  if (!actor.alive || workers.length === 0) return;
  world.tally.add('worker left');
  world.note(actor.name, 'is told to leave');
  world.clock.after(actor, 0, () => {
    const closing = workers.flatMap(({ subscriptions }) => subscriptions.map((each) => each.close()));
    Promise.allSettled(closing).then(() => {
      if (!actor.alive) return;
      actor.alive = false;
      world.note(actor.name, 'has left');
      world.restartLater(actor, world.random.between(10, 5_000));
    });
  });
}
