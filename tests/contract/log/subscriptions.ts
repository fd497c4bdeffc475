// Contract of one subscription: batches, commits, pause, seek, revocation and endings.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Log } from '../../../connectors/log.ts';
import { Fenced } from '../../../schemas/errors.ts';
import { committedTotal, newName, reached, record, subscribing, textOf, texts } from './subject.ts';

const next = (batch: Batch): number => batch.records.at(-1)!.offset + 1;

export function describeSubscriptions(log: () => Log): void {
  describe('a subscription', () => {
    it('hands over what is there and what comes, each partition in order', async () => {
      const topic = newName('consume');
      await log().createTopics([{ name: topic, partitions: 3 }]);
      await log().publish([{ topic, records: texts('m', 100) }]);
      const seen = new Map<string, string[]>();
      let count = 0;
      const subscription = await log().subscribe(subscribing(newName('g'), topic), async (batch) => {
        assert.equal(batch.topic, topic);
        assert.ok(batch.end >= next(batch));
        for (const one of batch.records) {
          const key = String(one.key);
          seen.set(key, [...(seen.get(key) ?? []), textOf(one)]);
        }
        count += batch.records.length;
        await batch.commit(next(batch), '');
      });
      await reached(() => count === 100);
      await log().publish([{ topic, records: texts('n', 50) }]);
      await reached(() => count === 150);
      await subscription.close();
      await subscription.done;
      for (let key = 0; key < 7; key++) {
        const of = (prefix: string, total: number) =>
          texts(prefix, total)
            .filter((_, index) => index % 7 === key)
            .map((one) => String(one.value));
        assert.deepEqual(seen.get(`k${key}`), [...of('m', 100), ...of('n', 50)]);
      }
    });

    it('closes within a session or so, whatever a handler does, and refuses what that one commits after it', async () => {
      const [topic, group] = [newName('hung'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 5) }]);
      let hung: Batch | undefined;
      const options = { ...subscribing(group, topic), sessionTimeoutMs: 6_000 };
      const subscription = await log().subscribe(options, (batch) => {
        hung = batch;
        return new Promise(() => {});
      });
      await reached(() => hung !== undefined);
      await subscription.close();
      await assert.rejects(hung!.commit(next(hung!), ''), Fenced);
      assert.deepEqual(await log().positions(group, [topic]), []);
    });

    it('resumes from the committed position, whose metadata comes back', async () => {
      const [topic, group] = [newName('resume'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 10) }]);
      assert.deepEqual(await log().positions(group, [topic]), []);
      let before: unknown = 'not asked';
      const first = await log().subscribe(subscribing(group, topic), async (batch) => {
        if (before === 'not asked') before = await batch.committed();
        await batch.commit(6, '{"end":9}');
      });
      await reached(async () => (await committedTotal(log(), group, topic)) === 6);
      await first.close();
      assert.equal(before, null);
      const position = { topic, partition: 0, offset: 6, metadata: '{"end":9}' };
      assert.deepEqual(await log().positions(group, [topic]), [position]);
      assert.ok((await log().groups()).includes(group));
      const seen: string[] = [];
      const second = await log().subscribe(subscribing(group, topic), async (batch) => {
        assert.deepEqual(await batch.committed(), position);
        seen.push(...batch.records.map(textOf));
      });
      await reached(() => seen.length >= 4);
      await second.close();
      assert.deepEqual(seen, ['m-6', 'm-7', 'm-8', 'm-9']);
    });

    it('accepts 4,096 bytes of metadata and refuses more', async () => {
      const [topic, group] = [newName('metadata'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 1) }]);
      let refusal: unknown;
      const subscription = await log().subscribe(subscribing(group, topic), async (batch) => {
        refusal = await batch.commit(1, 'é'.repeat(2_049)).catch((error: unknown) => error);
        await batch.commit(1, 'é'.repeat(2_048));
      });
      await reached(async () => (await committedTotal(log(), group, topic)) === 1);
      await subscription.close();
      assert.ok(refusal instanceof Error);
      assert.equal((await log().positions(group, [topic]))[0]?.metadata.length, 2_048);
    });

    it('reads several topics', async () => {
      const topics = [newName('one'), newName('two')];
      await log().createTopics(topics.map((name) => ({ name, partitions: 2 })));
      for (const topic of topics) await log().publish([{ topic, records: texts(topic, 10) }]);
      const seen = new Set<string>();
      const options = { ...subscribing(newName('g'), topics[0]!), topics };
      const subscription = await log().subscribe(options, async (batch) => {
        for (const one of batch.records) seen.add(textOf(one));
      });
      await reached(() => seen.size === 20);
      await reached(() => subscription.assigned().length === 4);
      await subscription.close();
    });

    it('pauses, resumes and seeks a partition', async () => {
      const topic = newName('pause');
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 5) }]);
      const seen: string[] = [];
      const subscription = await log().subscribe(subscribing(newName('g'), topic), async (batch) => {
        seen.push(...batch.records.map(textOf));
        if (seen.length === 5) subscription.pause(topic, 0);
      });
      await reached(() => seen.length === 5);
      await log().publish([{ topic, records: texts('held', 3) }]);
      await sleep(500);
      assert.equal(seen.length, 5, 'a paused partition was fetched');
      subscription.seek(topic, 0, 3);
      subscription.resume(topic, 0);
      await reached(() => seen.length >= 10);
      await subscription.close();
      assert.deepEqual(seen.slice(5), ['m-3', 'm-4', 'held-0', 'held-1', 'held-2']);
    });

    it('revokes running batches when it closes, waits for them, and then fences them', async () => {
      const [topic, group] = [newName('drain'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 3) }]);
      let stale: Batch | undefined;
      let drained = false;
      const subscription = await log().subscribe(subscribing(group, topic), async (batch) => {
        stale = batch;
        while (!batch.revoked.aborted) await sleep(10);
        await batch.commit(2, 'while draining');
        drained = true;
      });
      await reached(() => stale !== undefined);
      assert.equal(stale!.revoked.aborted, false);
      await subscription.close();
      await subscription.done;
      assert.ok(drained);
      assert.equal(await committedTotal(log(), group, topic), 2);
      await assert.rejects(stale!.commit(3, 'too late'), Fenced);
      await assert.rejects(stale!.heartbeat(), Fenced);
      assert.equal(await committedTotal(log(), group, topic), 2);
    });

    it('ends with what a handler threw, and gives its partitions up', async () => {
      const [topic, group] = [newName('throw'), newName('g')];
      await log().createTopics([{ name: topic, partitions: 1 }]);
      await log().publish([{ topic, records: texts('m', 2) }]);
      const failure = new TypeError('a bug in a processor');
      const failed = await log().subscribe(subscribing(group, topic), async () => {
        throw failure;
      });
      await assert.rejects(failed.done, failure);
      await failed.close();
      let count = 0;
      const other = await log().subscribe(subscribing(group, topic), async (batch) => {
        count += batch.records.length;
      });
      await reached(() => count === 2);
      await other.close();
    });

    it('runs partitions beside each other, never one beside itself', async () => {
      const topic = newName('concurrent');
      await log().createTopics([{ name: topic, partitions: 6 }]);
      const records = Array.from({ length: 600 }, (_, n) => record(`key-${n}`, `${n}`));
      await log().publish([{ topic, records }]);
      const running = new Set<number>();
      let [count, most] = [0, 0];
      const options = subscribing(newName('g'), topic, { concurrency: 3 });
      const subscription = await log().subscribe(options, async (batch) => {
        assert.ok(!running.has(batch.partition), 'a partition ran beside itself');
        running.add(batch.partition);
        most = Math.max(most, running.size);
        await sleep(100);
        running.delete(batch.partition);
        count += batch.records.length;
      });
      await reached(() => count === 600);
      await subscription.close();
      assert.ok(most > 1 && most <= 3, `at most 3 at once, saw ${most}`);
    });
  });
}
