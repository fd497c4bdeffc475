// A hundred simulated worlds; the same seed is the same world; and each guarantee taken out is found missing.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Wire } from '../../connectors/wire/wire.ts';
import { Tally } from './faults.ts';
import { openSimulatedWire } from './messages.ts';
import { sabotages } from './sabotage.ts';
import { simulate, type Verdict } from './simulation.ts';

const seeds = 120;
/** Worlds in which a sabotage has to show. */
const seedsToBeCaught = 400;

let wire: Wire;
before(async () => {
  wire = await openSimulatedWire();
});

const replay = ({ seed }: Verdict): string => `see it: npm run simulate -- --seed ${seed} --trace`;

describe('simulated worlds', () => {
  it('lose nothing, repeat nothing, keep the order and drain', async () => {
    const happened = new Tally();
    for (let seed = 1; seed <= seeds; seed += 1) {
      const verdict = await simulate(seed, wire);
      assert.deepEqual(verdict.violations, [], replay(verdict));
      happened.addAll(verdict.tally);
    }
    for (const what of [
      'log died',
      'machine lost power',
      'worker died',
      'worker joined',
      'worker left',
      'process slept',
      'ClickHouse died',
      'torn write cut off',
      'connection stalled',
      'applied, answer lost: publish',
      'applied, answer lost: commit',
      'applied, answer lost: insert',
      'range repeated: token',
      'range repeated: all',
      'insert refused',
      'disk full: write',
    ])
      assert.ok((happened.counts.get(what) ?? 0) > 0, `nothing of this happened: ${what}`);
  });

  it('are the same for the same seed', async () => {
    for (const seed of [3, 11, 27, 58]) {
      const once = await simulate(seed, wire);
      const lines: string[] = [];
      const twice = await simulate(seed, wire, { print: (line) => lines.push(line) });
      assert.equal(twice.trace, once.trace, replay(once));
      assert.equal(twice.events, once.events);
      assert.ok(lines.length > 100);
    }
    const [one, other] = [await simulate(1, wire), await simulate(2, wire)];
    assert.notEqual(one.trace, other.trace);
  });
});

describe('a guarantee taken out is found missing:', () => {
  for (const [name, sabotage] of Object.entries(sabotages))
    it(name, async () => {
      for (let seed = 1; seed <= seedsToBeCaught; seed += 1) {
        const { violations } = await simulate(seed, wire, { sabotage });
        if (violations.length > 0) return;
      }
      assert.fail(`not caught in ${seedsToBeCaught} worlds`);
    });
});
