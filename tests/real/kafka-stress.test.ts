// The loop under stress on a real broker (KAFKA_BROKERS): work that takes sessions, work that never ends, clients
// that fall silent.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import type { Batch, Log } from '../../connectors/log.ts';
import { Fenced } from '../../schemas/errors.ts';
import type { Stall } from '../../streams/loop/stalls.ts';
import {
  committedTotal,
  newName,
  reached,
  record,
  subscribing,
  textOf,
  texts,
} from '../contract/log/subject.ts';
import { silentLog } from '../streams/loop/silent-log.ts';
import { type Delivered, echo, keeping, start } from '../streams/loop/subject.ts';
import { kafkaBrokers } from './addresses.ts';

const sessionTimeoutMs = 6_000;
const patienceMs = 120_000;

let log: Log;
before(async () => {
  log = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'millrace-test' });
});
after(() => log?.close());

async function newPlace(what: string, partitions: number) {
  const [topic, group] = [newName(what), newName('g')];
  await log.createTopics([{ name: topic, partitions }]);
  return { log, topic, group };
}

const limits = (topic: string, group: string) => ({
  subscribe: subscribing(group, topic, { concurrency: 4, sessionTimeoutMs }),
});

it('work that takes four sessions keeps its partitions and commits', { timeout: 180_000 }, async () => {
  const place = await newPlace('long', 2);
  await log.publish([{ topic: place.topic, records: texts('m', 20, 31) }]);
  const delivered: Delivered[] = [];
  const generations = new Set<number>();
  let calls = 0;
  const { subscription } = await start(place, {
    ...limits(place.topic, place.group),
    limits: { recordsMax: 100, bytesMax: 1_000_000 },
    async process(batch, records) {
      calls += 1;
      generations.add(batch.generation);
      await sleep(4 * sessionTimeoutMs + 1_000);
      assert.equal(batch.revoked.aborted, false);
      return echo(batch, records);
    },
    delivery: keeping(delivered),
  });
  await reached(() => delivered.length === 20, patienceMs);
  assert.equal(await committedTotal(log, place.group, place.topic), 20);
  assert.equal(generations.size, 1);
  assert.equal(calls, new Set(delivered.map(({ partition }) => partition)).size);
  await subscription.close();
});

it('a handler that never returns holds up no rebalance and no close', { timeout: 180_000 }, async () => {
  const { topic, group } = await newPlace('hung', 2);
  const records = Array.from({ length: 40 }, (_, n) => record(`key-${n}`, `${n}`));
  await log.publish([{ topic, records }]);
  const hung = new Map<number, Batch>();
  let free = 0;
  const first = await log.subscribe(
    subscribing(group, topic, { concurrency: 2, sessionTimeoutMs }),
    async (batch) => {
      // The first batch of each partition hangs; what the same member is given anew does not.
      if (!hung.has(batch.partition)) {
        hung.set(batch.partition, batch);
        await new Promise(() => {});
      }
      free += batch.records.length;
      await batch.commit(batch.records.at(-1)!.offset + 1, '');
    },
  );
  await reached(() => hung.size === 2);
  const seen: string[] = [];
  const second = await log.subscribe(subscribing(group, topic, { sessionTimeoutMs }), async (batch) => {
    await batch.commit(batch.records.at(-1)!.offset + 1, '');
    seen.push(...batch.records.map(textOf));
  });
  await reached(() => seen.length + free === 40, patienceMs);
  assert.ok(seen.length > 0 && free > 0, `${seen.length} and ${free}`);
  for (const batch of hung.values()) {
    assert.ok(batch.revoked.aborted);
    await assert.rejects(batch.commit(1, 'from the grave'), Fenced);
  }
  let hangs = 0;
  const third = await log.subscribe(
    subscribing(newName('g'), topic, { concurrency: 2, sessionTimeoutMs }),
    () => {
      hangs += 1;
      return new Promise(() => {});
    },
  );
  await reached(() => hangs === 2);
  await third.close();
  await third.done;
  await Promise.all([first.close(), second.close()]);
});

it('a client that falls silent is replaced by a fresh one, and nothing is lost', {
  timeout: 180_000,
}, async () => {
  const place = await newPlace('silent', 2);
  const silent = silentLog(log);
  await log.publish([{ topic: place.topic, records: texts('m', 20, 31) }]);
  const delivered: Delivered[] = [];
  const restarts: (readonly Stall[])[] = [];
  let stalls: readonly Stall[] = [];
  const { subscription } = await start(
    { ...place, log: silent.log },
    { ...limits(place.topic, place.group), delivery: keeping(delivered) },
    {
      watch: {
        stallMs: 3_000,
        looked: (_stream, found) => {
          stalls = found;
        },
        restarting: (_stream, found) => restarts.push(found),
        unseen: () => {},
      },
    },
  );
  await reached(() => delivered.length === 20, patienceMs);
  silent.silence(place.group);
  await log.publish([{ topic: place.topic, records: texts('later', 20, 31) }]);
  await reached(() => delivered.length === 40 && stalls.length === 0, patienceMs);
  assert.ok(restarts.length >= 1);
  assert.equal(restarts[0]![0]!.unwell, null);
  assert.equal(await committedTotal(log, place.group, place.topic), 40);
  await subscription.close();
});
