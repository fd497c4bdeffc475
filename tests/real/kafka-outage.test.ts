// A broker that goes away and comes back: a broker of this test's own, so that nobody else's is stopped. It needs
// Java and the jars that `npm run kafka` fetches.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import type { Log } from '../../connectors/log.ts';
import { type Daemon, startDaemon, stopDaemon } from '../../infra/kafka/daemon.ts';
import { fetchKafka } from '../../infra/kafka/jars.ts';
import { prepareBroker } from '../../infra/kafka/settings.ts';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import { allRecords, newName, reached, subscribing, textOf, texts } from '../contract/log/subject.ts';

/** Its own and the next one; below those that clients are given, one of which could have it while the broker is away. */
const port = 29_150;

const clients = {
  kafkajs: openKafkaLog,
  librdkafka: openLibrdkafkaLog,
};

describe('a broker that goes away and comes back', { timeout: 600_000 }, () => {
  let folder: string;
  let broker: Daemon;
  let log: Log;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-outage-'));
    broker = await prepareBroker(await fetchKafka(() => {}), join(folder, 'broker'), port);
    await startDaemon(broker);
  });
  afterEach(() => log?.close());
  after(async () => {
    await stopDaemon(broker);
    await rm(folder, { recursive: true });
  });

  async function survive(openLog: typeof openKafkaLog): Promise<void> {
    const lines: string[] = [];
    log = await openLog({
      brokers: [`127.0.0.1:${broker.ready.port}`],
      clientId: 'test',
      logger: (level, line) => lines.push(`${level} ${line}`),
    });
    const [topic, group] = [newName('outage'), newName('g')];
    await log.createTopics([{ name: topic, partitions: 1 }]);
    const done: string[] = [];
    const subscription = await log.subscribe(subscribing(group, topic), async (batch) => {
      // As the loop does: the same step again, until it is done or the partition is somebody else’s.
      while (!batch.revoked.aborted) {
        try {
          await batch.commit(batch.records.at(-1)!.offset + 1, `end ${batch.records.length}`);
          done.push(...batch.records.map(textOf));
          return;
        } catch (error) {
          if (error instanceof Fenced) return;
          if (!(error instanceof Retryable)) throw error;
          await sleep(100);
        }
      }
    });
    await log.publish([{ topic, records: texts('before', 10) }]);
    await reached(() => done.length === 10);

    await stopDaemon(broker);
    await assert.rejects(log.publish([{ topic, records: texts('during', 1) }]), Retryable);
    await assert.rejects(log.ranges([topic]), Retryable);
    await assert.rejects(log.positions(group, [topic]), Retryable);
    await sleep(1_000);
    await startDaemon(broker);

    await reached(() => succeeds(log.publish([{ topic, records: texts('after', 10) }])));
    await reached(() => done.filter((text) => text.startsWith('after')).length >= 10);
    await subscription.close();
    await subscription.done;
    const [position] = await log.positions(group, [topic]);
    const held = (await allRecords(log, topic)).map(([, one]) => textOf(one));
    assert.equal(position?.offset, held.length);
    assert.deepEqual(
      done.slice(0, 10),
      texts('before', 10).map(({ value }) => String(value)),
    );
    assert.ok(lines.length > 0, 'the client said nothing of the outage');
  }

  for (const [client, openLog] of Object.entries(clients))
    it(`is retryable for ${client} while it is away, and everything goes on where it was`, () =>
      survive(openLog));
});

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    (error: unknown) => {
      assert.ok(error instanceof Retryable, String(error));
      return false;
    },
  );
}
