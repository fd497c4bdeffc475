// What a world does to calls of the disk.
import type { DiskTrouble } from './disk.ts';
import { diskFull } from './disk.ts';
import type { Surroundings } from './network.ts';

/** Until when the disk takes nothing more. */
export interface FullDisk {
  until: number;
}

/** Calls that need room. */
const growing = new Set(['write', 'open', 'mkdir', 'rename']);

export function diskTrouble(world: Surroundings, full: FullDisk, unsynced: boolean): DiskTrouble {
  const { clock, random, tally, climate } = world;
  /** Bytes of a write that its process does not live to see. */
  let last: number | null = null;
  const perhapsDie = (when: string, call: string): void => {
    if (!random.chance(climate().deathsAtDisk)) return;
    tally.add(`death ${when} a call to the disk: ${call}`);
    world.kill(clock.current!, `${when} ${call}`);
  };
  return {
    before(call) {
      perhapsDie('before', call);
      if (clock.now < full.until && growing.has(call)) {
        tally.add(`disk full: ${call}`);
        throw diskFull(call);
      }
      if (!random.chance(climate().slowDisk)) return;
      tally.add('disk slow');
      const actor = clock.current!;
      actor.blockedUntil = Math.max(actor.blockedUntil, clock.now + random.skewed(1, 3_000));
    },
    share(bytes) {
      if (random.chance(climate().deathsAtDisk)) {
        tally.add('death in the middle of a write');
        last = random.whole(0, bytes);
        return last;
      }
      if (bytes < 2 || !random.chance(climate().shortWrites)) return bytes;
      tally.add('short write');
      return random.whole(1, bytes - 1);
    },
    after(call) {
      if (last !== null) world.kill(clock.current!, `after ${last} bytes of a write`);
      last = null;
      perhapsDie('after', call);
    },
    sync(done) {
      const slow = random.chance(climate().slowDisk);
      if (slow) tally.add('sync slow');
      const actor = clock.current!;
      clock.after(actor, slow ? random.between(20, 3_000) : random.skewed(0.2, 8), done);
    },
    alive: () => clock.current?.alive ?? true,
    now: () => clock.now,
    syncs: !unsynced,
  };
}
