// Bytes that change between the broker and our codec (KAFKA_BROKERS): once is read again, always ends the reading.
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { CorruptPartition } from '../../connectors/kafka/fetch-response.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import type { Log } from '../../connectors/log.ts';
import { allRecords, newName, reached, record, subscribing, textOf } from '../contract/log/subject.ts';
import { kafkaBrokers } from './addresses.ts';

const mark = 'this text will be damaged';
let damagesLeft = 0;
let damagesDone = 0;

// What arrives over any connection of this process is looked through before kafkajs gets it.
diagnostics.subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.prependListener('data', (chunk: Buffer) => {
    const at = damagesLeft > 0 ? chunk.indexOf(mark) : -1;
    if (at < 0) return;
    chunk[at]! ^= 1;
    damagesLeft -= 1;
    damagesDone += 1;
  });
});

let log: Log;
before(async () => {
  log = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test' });
});
after(() => log?.close());

async function topicWithMark(): Promise<string> {
  const topic = newName('damage');
  await log.createTopics([{ name: topic, partitions: 1 }]);
  for (const text of ['before', mark, 'after']) await log.publish([{ topic, records: [record('k', text)] }]);
  return topic;
}

const isCorrupt = (topic: string) => (error: unknown) => {
  assert.ok(error instanceof CorruptPartition, String(error));
  assert.match(error.message, new RegExp(`${topic}/0 cannot be read from offset 1 on`));
  return true;
};

describe('a record batch that is damaged', { timeout: 120_000 }, () => {
  it('on its way, once, is fetched again', async () => {
    const topic = await topicWithMark();
    [damagesLeft, damagesDone] = [1, 0];
    const found = (await allRecords(log, topic)).map(([, one]) => textOf(one));
    assert.deepEqual(found, ['before', mark, 'after']);
    [damagesLeft, damagesDone] = [1, 0];
    const seen: string[] = [];
    const subscription = await log.subscribe(subscribing(newName('g'), topic), async ({ records }) => {
      seen.push(...records.map(textOf));
    });
    await reached(() => seen.length === 3);
    await subscription.close();
    assert.deepEqual([damagesDone, seen], [1, ['before', mark, 'after']]);
  });

  it('whenever it is fetched ends the subscription and the read, after what is before it', async () => {
    const topic = await topicWithMark();
    damagesLeft = Number.POSITIVE_INFINITY;
    const [group, seen] = [newName('g'), [] as string[]];
    const subscription = await log.subscribe(subscribing(group, topic), async (batch) => {
      seen.push(...batch.records.map(textOf));
      await batch.commit(batch.records.at(-1)!.offset + 1, '');
    });
    await assert.rejects(subscription.done, isCorrupt(topic));
    assert.deepEqual(seen, ['before']);
    assert.equal((await log.positions(group, [topic]))[0]?.offset, 1);
    await assert.rejects(allRecords(log, topic), isCorrupt(topic));
    damagesLeft = 0;
  });
});
