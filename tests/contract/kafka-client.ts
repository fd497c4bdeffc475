// What is asked of both Kafka clients beyond the log's contract, on a real broker (KAFKA_BROKERS): codecs, transactions
// of other producers, publishes at once, slow partitions, what is left behind.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Producer } from 'kafkajs';
import type { Compression, KafkaOptions } from '../../connectors/kafka/client.ts';
import { registerCodecs } from '../../connectors/kafka/codecs.ts';
import type { Log } from '../../connectors/log.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { kafkaBrokers } from '../real/addresses.ts';
import { allRecords, newName, reached, record, subscribing, textOf, texts } from './log/subject.ts';

const { CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs;
const options = () => ({ brokers: kafkaBrokers(), clientId: 'millrace-test' });

type Open = (options: KafkaOptions) => Promise<Log>;

let log: Log;
let openLog: Open;

/** Registers the suite for one client; once in a test file, for its parts share a log. */
export function describeKafkaClient(open: Open): void {
  before(async () => {
    openLog = open;
    await registerCodecs(); // of the producer that stands for other people’s
    log = await open(options());
  });
  after(() => log?.close());
  describeCompression();
  describeTransactions();
  describePublishes();
  describeSubscriptions();
  describeReads();
}

async function newTopic(what: string, partitions = 1): Promise<string> {
  const name = newName(what);
  await log.createTopics([{ name, partitions }]);
  return name;
}

async function withProducer(settings: object, use: (producer: Producer) => Promise<void>): Promise<void> {
  const kafka = new Kafka({ ...options(), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...settings });
  await producer.connect();
  await use(producer).finally(() => producer.disconnect());
}

const describeCompression = () =>
  describe('compression', () => {
    const codecs = { gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' } as const;
    for (const [name, type] of Object.entries(codecs) as [
      Exclude<Compression, 'none'>,
      (typeof codecs)['gzip'],
    ][])
      it(`reads ${name} of other producers and writes it`, async () => {
        const topic = await newTopic(name);
        const value = 'a text that compresses well, '.repeat(100);
        await withProducer({}, async (producer) => {
          const messages = Array.from({ length: 50 }, (_, n) => ({ value: `${n} ${value}` }));
          await producer.send({ topic, messages, compression: CompressionTypes[type] });
        });
        const writing = await openLog({ ...options(), compression: name });
        await writing.publish([{ topic, records: [record('k', `ours ${value}`)] }]);
        await writing.close();
        const found = (await allRecords(log, topic)).map(([, one]) => textOf(one));
        assert.equal(found.length, 51);
        assert.deepEqual([found[0], found[49], found[50]], [`0 ${value}`, `49 ${value}`, `ours ${value}`]);
      });
  });

const describeTransactions = () =>
  describe('transactions of other producers', () => {
    it('are seen when committed and not when aborted, by readers and by groups', async () => {
      const topic = await newTopic('transactions');
      await withProducer(
        { transactionalId: newName('tx'), idempotent: true, maxInFlightRequests: 1 },
        async (producer) => {
          for (const [name, end] of [
            ['kept', 'commit'],
            ['lost', 'abort'],
            ['last', 'commit'],
          ] as const) {
            const transaction = await producer.transaction();
            await transaction.send({ topic, messages: [{ value: name }] });
            await transaction[end]();
          }
        },
      );
      // 3 records and 3 control records: the read must end although no record has the last offset.
      await reached(async () => (await log.ranges([topic]))[0]?.end === 6); // markers follow the commit
      assert.deepEqual(
        (await allRecords(log, topic)).map(([, one]) => textOf(one)),
        ['kept', 'last'],
      );
      const seen: string[] = [];
      const subscription = await log.subscribe(subscribing(newName('g'), topic), async ({ records }) => {
        seen.push(...records.map(textOf));
      });
      await reached(() => seen.length === 2);
      await subscription.close();
      assert.deepEqual(seen, ['kept', 'last']);
    });
  });

const describePublishes = () =>
  describe('publishes at once', () => {
    it('keep the order of the calls and say each where its own records are', async () => {
      const topic = await newTopic('at-once');
      const calls = Array.from({ length: 200 }, (_, n) =>
        log.publish([{ topic, records: texts(`c${n}`, 1 + (n % 3)) }]),
      );
      const published = (await Promise.all(calls)).flat();
      const found = (await allRecords(log, topic)).map(([, one]) => textOf(one));
      const expected = Array.from({ length: 200 }, (_, n) =>
        texts(`c${n}`, 1 + (n % 3)).map((one) => String(one.value)),
      );
      assert.deepEqual(found, expected.flat());
      for (const [n, { baseOffset, count }] of published.entries())
        assert.deepEqual(found.slice(baseOffset, baseOffset + count), expected[n]);
    });

    it('fail alone', async () => {
      const topic = await newTopic('alone');
      const giant = () => log.publish([{ topic, records: [record('k', 'x'.repeat(2_000_000))] }]);
      const small = (n: number) => log.publish([{ topic, records: [record('k', `small-${n}`)] }]);
      const settled = await Promise.allSettled([small(0), giant(), small(1), small(2)]);
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      );
      const { reason } = settled[1] as PromiseRejectedResult;
      assert.ok(reason instanceof Misconfigured && reason.code === 'kafka-message-too-large');
      assert.deepEqual(
        (await allRecords(log, topic)).map(([, one]) => textOf(one)),
        ['small-0', 'small-1', 'small-2'],
      );
    });

    it('name a topic that is not there', async () => {
      const topic = newName('absent');
      const isUnknown = (error: unknown) => error instanceof Misconfigured && error.message.includes(topic);
      await assert.rejects(log.publish([{ topic, records: texts('m', 1) }]), isUnknown);
      await assert.rejects(
        log.subscribe(subscribing(newName('g'), topic), async () => {}),
        isUnknown,
      );
      await assert.rejects(log.ranges([topic]), isUnknown);
      assert.ok(!(await log.ranges()).some((range) => range.topic === topic), 'asking created it');
    });
  });

const describeSubscriptions = () =>
  describe('subscriptions', () => {
    it('let a slow partition hold up nobody else, and keep its place', async () => {
      const topic = await newTopic('slow', 2);
      const keyOf = await keysByPartition(topic);
      let release = () => {};
      const stuck = new Promise<void>((resolve) => {
        release = resolve;
      });
      const seen: Record<number, string[]> = { 0: [], 1: [] };
      const subscription = await log.subscribe(
        subscribing(newName('g'), topic, { concurrency: 2 }),
        async (batch) => {
          if (batch.partition === 0 && seen[0]!.length === 0) await stuck;
          seen[batch.partition]!.push(...batch.records.map(textOf));
        },
      );
      const publish = (partition: number, value: string) =>
        log.publish([{ topic, records: [record(keyOf[partition]!, value)] }]);
      await reached(() => seen[1]!.includes('probe'));
      for (let n = 0; n < 5; n++) {
        await publish(0, `slow-${n}`);
        await publish(1, `fast-${n}`);
        await reached(() => seen[1]!.includes(`fast-${n}`));
      }
      assert.deepEqual(seen[0], []);
      release();
      await reached(() => seen[0]!.includes('slow-4'));
      assert.deepEqual(seen[0], ['probe', 'slow-0', 'slow-1', 'slow-2', 'slow-3', 'slow-4']);
      await subscription.close();
    });

    it('drain handlers that were left running before they join again', async () => {
      const topic = await newTopic('drain', 2);
      const group = newName('g');
      await keysByPartition(topic);
      const outcomes: string[] = [];
      const first = await log.subscribe(subscribing(group, topic, { concurrency: 2 }), async (batch) => {
        while (!batch.revoked.aborted) await sleep(20);
        await batch.commit(batch.records.at(-1)!.offset + 1, 'drained').then(
          () => outcomes.push('committed'),
          (error: Error) => outcomes.push(error.name),
        );
      });
      const started = await log.subscribe(subscribing(group, topic), async () => {});
      // Both partitions where the group assigns anew; only the one that moves where it assigns cooperatively.
      await reached(() => started.assigned().length === 1);
      assert.ok(outcomes.length >= 1 && outcomes.every((outcome) => outcome === 'committed'), `${outcomes}`);
      await Promise.all([first.close(), started.close()]);
    });

    it('keep the pause of a partition through rebalances, as long as they keep the partition', async () => {
      const topic = await newTopic('paused', 2);
      const group = newName('g');
      const seen = new Set<number>();
      const first = await log.subscribe(subscribing(group, topic, { concurrency: 2 }), async (batch) => {
        seen.add(batch.partition);
      });
      for (const partition of [0, 1]) first.pause(topic, partition);
      const second = await log.subscribe(subscribing(group, topic), async () => {});
      await reached(() => first.assigned().length === 1 && second.assigned().length === 1);
      const [kept, left] = [first.assigned()[0]!.partition, second.assigned()[0]!.partition];
      await second.close();
      await reached(() => first.assigned().length === 2);
      await keysByPartition(topic);
      await reached(() => seen.has(left));
      await sleep(500);
      assert.ok(!seen.has(kept), 'a paused partition was fetched');
      first.resume(topic, kept);
      await reached(() => seen.has(kept));
      await first.close();
    });

    it('say which session timeout the broker refused', async () => {
      const topic = await newTopic('session');
      const opening = log.subscribe(
        subscribing(newName('g'), topic, { sessionTimeoutMs: 1_000 }),
        async () => {},
      );
      await assert.rejects(
        opening,
        (error: unknown) => error instanceof Misconfigured && error.fix.includes('6 s'),
      );
    });
  });

const describeReads = () =>
  describe('reading', () => {
    it('leaves no group behind', async () => {
      const topic = await newTopic('groupless');
      await log.publish([{ topic, records: texts('m', 3) }]);
      const before = await log.groups();
      assert.equal((await allRecords(log, topic)).length, 3);
      assert.deepEqual(
        (await log.groups()).filter((group) => !before.includes(group)),
        [],
      );
    });

    it('ends when its caller stops listening', async () => {
      const topic = await newTopic('left');
      await log.publish([{ topic, records: texts('m', 3) }]);
      for await (const { records } of log.read(topic, { from: new Map([[0, 1]]) })) {
        assert.equal(textOf(records[0]!), 'm-1');
        break;
      }
    });
  });

/** Publishes a `probe` to each partition of a topic with two and returns a key that leads there. */
async function keysByPartition(topic: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let n = 0; keys[0] === undefined || keys[1] === undefined; n++) {
    const other = await newTopic('keys', 2);
    const [place] = await log.publish([{ topic: other, records: [record(`k${n}`, 'which?')] }]);
    keys[place!.partition] ??= `k${n}`;
  }
  await log.publish([{ topic, records: keys.map((key) => record(key, 'probe')) }]);
  return keys;
}
