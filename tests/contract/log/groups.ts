// Contract of consumer groups: members share partitions, and a partition that moves takes its commits along.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Log, Subscription } from '../../../connectors/log.ts';
import { Fenced } from '../../../schemas/errors.ts';
import { newName, reached, record, subscribing, textOf, texts } from './subject.ts';

const assignedCount = (...members: Subscription[]): number[] =>
  members.map((member) => member.assigned().length);

/** Commits every batch and notes what it held; a fenced batch counts as not done. */
function committing(done: string[]): (batch: Batch) => Promise<void> {
  return async (batch) => {
    await sleep(5);
    try {
      await batch.commit(batch.records.at(-1)!.offset + 1, '');
    } catch (error) {
      if (error instanceof Fenced) return;
      throw error;
    }
    done.push(...batch.records.map(textOf));
  };
}

export function describeGroups(log: () => Log): void {
  describe('a group', () => {
    it('shares partitions between members and takes them back when one leaves, record by record', async () => {
      const [topic, group] = [newName('share'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 4 }]);
      const done: string[] = [];
      const options = subscribing(group, topic, { partitionBytesMax: 1_000 });
      const publish = (round: number) => log().publish([{ topic, records: texts(`r${round}`, 100, 31) }]);
      const first = await log().subscribe(options, committing(done));
      await publish(0);
      await reached(() => done.length === 100);
      const second = await log().subscribe(options, committing(done));
      for (let round = 1; round <= 5; round++) await publish(round);
      await reached(() => String(assignedCount(first, second)) === '2,2');
      const owned = [...first.assigned(), ...second.assigned()].map(({ partition }) => partition);
      assert.deepEqual(owned.sort(), [0, 1, 2, 3]);
      for (let round = 6; round <= 10; round++) await publish(round);
      await first.close();
      await reached(() => second.assigned().length === 4);
      await publish(11);
      await reached(() => done.length >= 1_200);
      await second.close();
      assert.deepEqual([done.length, new Set(done).size], [1_200, 1_200]);
    });

    it('fences the commit of a partition that has moved to another member', async () => {
      const [topic, group] = [newName('fence'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 2 }]);
      const records = Array.from({ length: 40 }, (_, n) => record(`key-${n}`, `${n}`));
      await log().publish([{ topic, records }]);
      const held = new Map<number, Batch>();
      const first = await log().subscribe(subscribing(group, topic, { concurrency: 2 }), async (batch) => {
        held.set(batch.partition, batch);
      });
      await reached(() => held.size === 2);
      const second = await log().subscribe(subscribing(group, topic), async () => {});
      await reached(() => String(assignedCount(first, second)) === '1,1');
      const moved = second.assigned()[0]!.partition;
      const stale = held.get(moved)!;
      assert.equal(stale.revoked.aborted, true);
      await assert.rejects(stale.commit(1, ''), Fenced);
      assert.deepEqual(await log().positions(group, [topic]), []);
      await Promise.all([first.close(), second.close()]);
    });

    it('aborts what runs on a partition that moves, lets it commit, and hands it over there', async () => {
      const [topic, group] = [newName('move'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 2 }]);
      const records = Array.from({ length: 40 }, (_, n) => record(`key-${n}`, `${n}`));
      await log().publish([{ topic, records }]);
      const running = new Set<number>();
      const first = await log().subscribe(subscribing(group, topic, { concurrency: 2 }), async (batch) => {
        running.add(batch.partition);
        while (!batch.revoked.aborted) {
          await sleep(50);
          await batch.heartbeat().catch(() => undefined);
        }
        await batch.commit(batch.records[0]!.offset + 1, 'drained').catch((error: unknown) => {
          if (!(error instanceof Fenced)) throw error;
        });
      });
      await reached(() => running.size === 2);
      const starts = new Map<number, number>();
      const second = await log().subscribe(subscribing(group, topic), async (batch) => {
        if (!starts.has(batch.partition)) starts.set(batch.partition, batch.records[0]!.offset);
      });
      await reached(() => starts.size > 0);
      for (const [partition, start] of starts) {
        const all = await log().positions(group, [topic]);
        assert.equal(start, all.find((position) => position.partition === partition)?.offset ?? 0);
      }
      await Promise.all([first.close(), second.close()]);
    });

    it('numbers every assignment of a partition anew', async () => {
      const [topic, group] = [newName('generation'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 3) }]);
      const generations: number[] = [];
      for (let round = 0; round < 3; round++) {
        let seen: number | undefined;
        const member = await log().subscribe(subscribing(group, topic), async (batch) => {
          seen = batch.generation;
        });
        await reached(() => seen !== undefined);
        await member.close();
        generations.push(seen!);
      }
      assert.equal(new Set(generations).size, 3, `generations ${generations}`);
    });

    it('gives every group all records', async () => {
      const topic = newName('groups');
      await log().createTopics([{ name: topic, partitions: 2 }]);
      await log().publish([{ topic, records: texts('m', 20) }]);
      const counts = [0, 0];
      const members = await Promise.all(
        counts.map((_, index) =>
          log().subscribe(subscribing(newName('g'), topic), async (batch) => {
            counts[index]! += batch.records.length;
          }),
        ),
      );
      await reached(() => counts.every((count) => count === 20));
      await Promise.all(members.map((member) => member.close()));
    });
  });
}
