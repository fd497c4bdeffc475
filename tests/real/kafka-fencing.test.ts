// A member that froze for longer than its session, on a real broker (KAFKA_BROKERS).
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { Fenced } from '../../schemas/errors.ts';
import { newName, reached, subscribing, textOf, texts } from '../contract/log/subject.ts';
import { kafkaBrokers } from './addresses.ts';

/** Stops this whole process’s work, as a long garbage collection or a suspended machine does. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

it('is fenced when it wakes, joins again, and gets its records again', { timeout: 120_000 }, async () => {
  const log = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test' });
  const [topic, group] = [newName('frozen'), newName('g')];
  await log.createTopics([{ name: topic, partitions: 1 }]);
  await log.publish([{ topic, records: texts('m', 3) }]);
  const generations: number[] = [];
  const seen: string[] = [];
  let refusal: unknown;
  const options = subscribing(group, topic, { sessionTimeoutMs: 6_000 });
  const subscription = await log.subscribe(options, async (batch) => {
    generations.push(batch.generation);
    if (refusal === undefined) {
      freeze(9_000);
      refusal = await batch.commit(3, 'too late').catch((error: unknown) => error);
      assert.ok(batch.revoked.aborted);
      await assert.rejects(batch.heartbeat(), Fenced);
      throw refusal;
    }
    assert.equal(await batch.committed(), null);
    await batch.commit(3, 'in time');
    seen.push(...batch.records.map(textOf));
  });
  await reached(() => seen.length === 3);
  await subscription.close();
  await subscription.done;
  assert.ok(refusal instanceof Fenced);
  assert.equal(new Set(generations).size, 2);
  assert.equal((await log.positions(group, [topic]))[0]?.metadata, 'in time');
  await log.close();
});
