// Our record batch codec and kafkajs’s on one real broker (KAFKA_BROKERS): each reads what the other wrote, records come
// through unchanged, and a request that is half refused leaves nothing twice.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CodecName } from '../../connectors/kafka/codec.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import type { Log, LogRecord, StoredRecord } from '../../connectors/log.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { allRecords, newName, reached, record, subscribing, textOf } from '../contract/log/subject.ts';
import { Random } from '../simulation/random.ts';
import { kafkaBrokers } from './addresses.ts';

const codecs: readonly CodecName[] = ['own', 'stock'];
const logs = {} as Record<CodecName, Log>;

before(async () => {
  for (const codec of codecs)
    logs[codec] = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test', codec });
});
after(() => Promise.all(Object.values(logs).map((log) => log.close())));

async function newTopic(what: string, partitions: number): Promise<string> {
  const name = newName(what);
  await logs.own.createTopics([{ name, partitions }]);
  return name;
}

const bytesOf = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: random.whole(0, 300) }, () => random.whole(0, 255)));

const randomRecord = (random: Random, number: number): LogRecord => ({
  key: random.chance(0.1) ? null : Buffer.from(`key-${random.whole(0, 50)}`),
  value: random.chance(0.05) ? null : bytesOf(random),
  headers: random.chance(0.5) ? { number: Buffer.from(String(number)), other: bytesOf(random) } : {},
  timestamp: 1_700_000_000_000 + random.whole(-10_000, 10_000),
});

/** What a record is, wherever it lies. */
const content = ({ key, value, headers, timestamp }: LogRecord): string =>
  JSON.stringify([
    key?.toString('hex') ?? null,
    value?.toString('hex') ?? null,
    Object.entries(headers).map(([name, bytes]) => [name, bytes.toString('hex')]),
    timestamp,
  ]);

/** The records of each partition as a group gets them. */
async function consumed(log: Log, topic: string, count: number): Promise<Map<number, StoredRecord[]>> {
  const found = new Map<number, StoredRecord[]>();
  let seen = 0;
  const options = subscribing(newName('g'), topic, { concurrency: 3, partitionBytesMax: 40_000 });
  const subscription = await log.subscribe(options, async (batch) => {
    const before = found.get(batch.partition) ?? [];
    found.set(batch.partition, [...before, ...batch.records.map(copied)]);
    seen += batch.records.length;
    await batch.commit(batch.records.at(-1)!.offset + 1, '');
  });
  await reached(() => seen >= count);
  await subscription.close();
  return found;
}

// Records are views into what was fetched; what outlives the batch is copied.
const copied = (one: StoredRecord): StoredRecord => ({
  ...one,
  key: one.key && Buffer.from(one.key),
  value: one.value && Buffer.from(one.value),
});

describe('either codec', { timeout: 180_000 }, () => {
  for (const writer of codecs)
    it(`reads unchanged what the ${writer} codec wrote`, async () => {
      const topic = await newTopic('codecs', 3);
      const random = new Random(42);
      const records = Array.from({ length: 6_000 }, (_, number) => randomRecord(random, number));
      const calls: Promise<unknown>[] = [];
      for (let at = 0; at < records.length; ) {
        const some = records.slice(at, at + random.whole(1, 700));
        calls.push(logs[writer].publish([{ topic, records: some }]));
        at += some.length;
      }
      await Promise.all(calls);
      const readings: string[][] = [];
      for (const reader of codecs) {
        const byGroup = await consumed(logs[reader], topic, records.length);
        const byRead = await allRecords(logs[reader], topic);
        for (const [partition, found] of byGroup) {
          const same = byRead.filter(([place]) => place === partition).map(([, one]) => one);
          assert.deepEqual(
            found.map((one) => [one.offset, content(one)]),
            same.map((one) => [one.offset, content(one)]),
          );
        }
        readings.push(byRead.map(([partition, one]) => `${partition} ${one.offset} ${content(one)}`).sort());
      }
      assert.deepEqual(readings[0], readings[1]);
      const contents = (all: readonly LogRecord[]) => all.map(content).sort();
      const [found] = [await allRecords(logs.own, topic)];
      assert.deepEqual(contents(found.map(([, one]) => one)), contents(records));
    });

  it('chooses the same partition for a key, and keeps the order of its records', async () => {
    const topics = { own: await newTopic('keys', 5), stock: await newTopic('keys', 5) };
    const records = Array.from({ length: 500 }, (_, n) => record(`key-${n % 37}`, `${n}`));
    for (const codec of codecs) await logs[codec].publish([{ topic: topics[codec], records }]);
    const places = async (codec: CodecName) =>
      (await allRecords(logs.own, topics[codec]))
        .map(([partition, one]) => `${partition}/${one.offset} ${textOf(one)}`)
        .sort();
    assert.deepEqual(await places('own'), await places('stock'));
  });

  it('reads committed transactions of the other, and not what was aborted', async () => {
    const [topic, input] = [await newTopic('transactions', 2), await newTopic('input', 1)];
    const position = (offset: number) => ({
      group: newName('g'),
      topic: input,
      partition: 0,
      offset,
      metadata: '',
    });
    for (const codec of codecs) {
      const publisher = await logs[codec].transactional!(newName('id'));
      const records = Array.from({ length: 20 }, (_, n) => record(`k${n}`, `${codec}-${n}`));
      await publisher.publish([{ topic, records }], position(1));
      const tooLarge = [
        ...records.map(({ key }) => record(String(key), 'void')),
        record('k', 'x'.repeat(2_000_000)),
      ];
      await assert.rejects(publisher.publish([{ topic, records: tooLarge }], position(2)), Misconfigured);
      await publisher.close();
    }
    for (const codec of codecs) {
      const found = (await allRecords(logs[codec], topic)).map(([, one]) => textOf(one)).sort();
      const expected = codecs
        .flatMap((writer) => Array.from({ length: 20 }, (_, n) => `${writer}-${n}`))
        .sort();
      assert.deepEqual(found, expected);
    }
  });
});

describe('a request that the broker took in part', { timeout: 60_000 }, () => {
  it('is sent again without the part that it has: nothing is there twice', async () => {
    const topic = await newTopic('in-part', 2);
    const keys: string[] = [];
    for (let n = 0; keys[0] === undefined || keys[1] === undefined; n++) {
      const other = await newTopic('which', 2);
      const [place] = await logs.own.publish([{ topic: other, records: [record(`k${n}`, '?')] }]);
      keys[place!.partition] ??= `k${n}`;
    }
    await logs.own.publish([{ topic, records: [record(keys[0]!, 'first')] }]);
    // All of these wait for the first and travel in one request, of which partition 1 is refused.
    const waiting = logs.own.publish([{ topic, records: [record(keys[0]!, 'before')] }]);
    const settled = await Promise.allSettled([
      waiting,
      logs.own.publish([{ topic, records: [record(keys[0]!, 'a')] }]),
      logs.own.publish([
        { topic, records: [record(keys[0]!, 'b'), record(keys[1]!, 'x'.repeat(2_000_000))] },
      ]),
      logs.own.publish([{ topic, records: [record(keys[0]!, 'c')] }]),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    const found = await allRecords(logs.own, topic);
    assert.deepEqual(
      found.filter(([partition]) => partition === 0).map(([, one]) => textOf(one)),
      ['first', 'before', 'a', 'b', 'c'],
    );
    assert.equal(found.length, 5);
    const [landed] = (settled[3] as PromiseFulfilledResult<readonly { baseOffset: number }[]>).value;
    assert.equal(landed!.baseOffset, 4);
  });
});
