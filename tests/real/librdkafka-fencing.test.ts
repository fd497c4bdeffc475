// Members that lose their partitions, through librdkafka on a real broker (KAFKA_BROKERS): a process that was stopped for
// longer than its session, handlers that take longer than it, places that retention has removed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import type { Log } from '../../connectors/log.ts';
import { compiler } from '../../infra/compiled.mjs';
import { newName, reached, record, subscribing, textOf, texts } from '../contract/log/subject.ts';
import { kafkaBrokers } from './addresses.ts';

interface MemberLine {
  readonly holding?: number;
  readonly heartbeat?: string;
  readonly commit?: string;
  readonly revoked?: boolean;
  readonly closed?: boolean;
}

let log: Log;
before(async () => {
  log = await openLibrdkafkaLog({ brokers: kafkaBrokers(), clientId: 'test' });
});
after(() => log?.close());

async function newTopic(what: string, records: number): Promise<string> {
  const name = newName(what);
  await log.createTopics([{ name, partitions: 1 }]);
  await log.publish([{ topic: name, records: texts('m', records) }]);
  return name;
}

function startMember(group: string, topic: string) {
  const script = fileURLToPath(new URL('librdkafka-member.ts', import.meta.url));
  const args = [compiler, script, kafkaBrokers().join(','), group, topic];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: MemberLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as MemberLine));
  return { child, lines };
}

describe('a member', { timeout: 180_000 }, () => {
  it('that was stopped for longer than its session is fenced, and commits nothing', async () => {
    const [topic, group] = [await newTopic('stopped', 3), newName('g')];
    const { child, lines } = startMember(group, topic);
    await reached(() => lines.some(({ holding }) => holding === 0));
    child.kill('SIGSTOP');
    const other = await log.subscribe(
      subscribing(group, topic, { sessionTimeoutMs: 6_000 }),
      async (batch) => {
        await batch.commit(batch.records.at(-1)!.offset + 1, 'in time');
      },
    );
    const metadata = async () => (await log.positions(group, [topic]))[0]?.metadata;
    await reached(async () => (await metadata()) === 'in time');
    child.kill('SIGCONT');
    await reached(() => lines.some(({ commit }) => commit !== undefined));
    const found = lines.find(({ commit }) => commit !== undefined);
    assert.deepEqual(found, { heartbeat: 'Fenced', commit: 'Fenced', revoked: true });
    assert.equal(await metadata(), 'in time');
    child.stdin.end();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    assert.ok(lines.at(-1)?.closed, 'it ended without closing');
    await other.close();
  });

  it('whose handler takes longer than its session keeps its partition', async () => {
    const [topic, group] = [await newTopic('long', 3), newName('g')];
    const seen: (readonly [number, string])[] = [];
    const options = subscribing(group, topic, { sessionTimeoutMs: 6_000 });
    const subscription = await log.subscribe(options, async (batch) => {
      if (seen.length === 0) await sleep(13_000);
      await batch.heartbeat();
      await batch.commit(batch.records.at(-1)!.offset + 1, '');
      for (const one of batch.records) seen.push([batch.generation, textOf(one)]);
    });
    await log.publish([{ topic, records: [record('k', 'last')] }]);
    await reached(() => seen.some(([, text]) => text === 'last'));
    assert.equal(seen.length, 4);
    assert.equal(new Set(seen.map(([generation]) => generation)).size, 1);
    await subscription.close();
  });
});

describe('a place that the log no longer holds', { timeout: 180_000 }, () => {
  it('is told of as offset −2 when a member begins there, until something is committed', async () => {
    const [topic, group] = [await newTopic('retention', 100), newName('g')];
    const first = await log.subscribe(subscribing(group, topic), (batch) => batch.commit(10, '{"end":20}'));
    await reached(async () => (await log.positions(group, [topic])).length === 1);
    await first.close();
    await deleteBefore(topic, 50);
    const committed: unknown[] = [];
    let start: number | undefined;
    const second = await log.subscribe(subscribing(group, topic), async (batch) => {
      start ??= batch.records[0]!.offset;
      committed.push((await batch.committed())?.offset);
      await batch.commit(60, 'on');
      committed.push((await batch.committed())?.offset);
    });
    await reached(() => committed.length >= 2);
    await second.close();
    assert.deepEqual([start, committed.slice(0, 2)], [50, [-2, 60]]);
  });

  it('is told of under a new generation when retention overtakes a member', async () => {
    const [topic, group] = [await newTopic('overtaken', 100), newName('g')];
    const batches: { generation: number; start: number; committed: number | undefined }[] = [];
    let held = false;
    const options = subscribing(group, topic, { partitionBytesMax: 1_000 });
    const subscription = await log.subscribe(options, async (batch) => {
      const committed = (await batch.committed())?.offset;
      batches.push({ generation: batch.generation, start: batch.records[0]!.offset, committed });
      if (batches.length === 1) {
        await batch.commit(1, '');
        subscription.pause(topic, 0);
        subscription.seek(topic, 0, 5);
        held = true;
      }
    });
    await reached(() => held);
    await deleteBefore(topic, 90);
    subscription.resume(topic, 0);
    await reached(() => batches.length >= 2);
    await subscription.close();
    assert.deepEqual([batches[1]?.start, batches[1]?.committed], [90, -2]);
    assert.notEqual(batches[1]?.generation, batches[0]?.generation);
  });
});

async function deleteBefore(topic: string, offset: number): Promise<void> {
  const brokers = kafkaBrokers();
  const admin = new kafkajs.Kafka({ brokers, clientId: 'test', logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // it looks the leaders up for the next call
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  await admin.disconnect();
}
