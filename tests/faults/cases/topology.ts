// The log changes under the streams: records are deleted before they were read, topics get more partitions.
import { readFileSync } from 'node:fs';
import type { Bench } from '../bench.ts';
import { type FaultCase, neither } from '../case.ts';
import { faultsHeader } from '../evidence.ts';
import { readTopics } from '../kafka-reading.ts';

/** Records are deleted before they were read: the sinks must stand still, loudly, until a person decides; then all that is left is stored. */
async function passRetention(bench: Bench): Promise<void> {
  await bench.startWorker();
  const injector = bench.inject();
  await bench.wait(4);
  await bench.worker.kill();
  await deleteUnread(bench, injector.burst.bind(injector));
  const next = await bench.startWorker({}, false);
  await bench.until(
    'a word about the loss',
    90,
    () => !next.alive || says(next.log, /records-lost|journal-lost/),
  );
  bench.notes.push(next.alive ? 'the partitions stand still, and it is said' : `it stopped: ${next.how()}`);
  // What the message tells a person to do: stop, commit where the log now starts, start.
  await next.stop();
  await skipLost(bench);
  await bench.startWorker({}, false);
  await bench.recover();
  await bench.until('an alert', 30, async () => ((await bench.count(alertsOfLoss)) ?? 0) > 0);
}

const alertsOfLoss = "(SELECT count() FROM alerts WHERE match(rule || summary, 'deleted|lost'))";

async function deleteUnread(bench: Bench, burst: (count: number) => Promise<void>): Promise<void> {
  await burst(2_000);
  const topics = await readTopics(bench.broker.address, ['comments']);
  const ends = new Map<number, number>();
  for (const { partition, offset } of topics.get('comments') ?? [])
    ends.set(partition, Math.max(offset - 50, ends.get(partition) ?? 0));
  await bench.broker.asAdmin(async (admin) => {
    await admin.fetchTopicOffsets('comments'); // the next call needs metadata and does not ask for it
    await admin.deleteTopicRecords({
      topic: 'comments',
      partitions: [...ends].map(([partition, offset]) => ({ partition, offset: String(offset) })),
    });
  });
  for (const { partition, offset, headers } of topics.get('comments') ?? [])
    if (offset < (ends.get(partition) ?? 0))
      bench.deleted.add((headers[faultsHeader] ?? '').replace(/^\w+:/, ''));
  bench.notes.push(`${bench.deleted.size} records deleted`);
}

async function addPartitions(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject();
  await bench.wait(4);
  await bench.broker.asAdmin((admin) =>
    admin.createPartitions({
      topicPartitions: ['comments', 'scores', 'predictions'].map((topic) => ({ topic, count: 8 })),
    }),
  );
  bench.broker.partitions = 8;
  const news = 'SELECT toUInt32(count()) AS n FROM comments WHERE _partition >= 4';
  // The client asks for metadata once a minute.
  await bench.until('a row of a new partition', 120, async () => {
    const [row] = await bench.clickhouse.query<{ n: number }>(news).catch(() => []);
    return (row?.n ?? 0) > 0;
  });
  await bench.recover();
}

const says = (log: string, words: RegExp): boolean => words.test(readFileSync(log, 'utf8'));

/** What the error tells a person to do: the sink's group goes on where the log now starts. */
async function skipLost(bench: Bench): Promise<void> {
  const groupId = 'millrace-clickhouse';
  await bench.broker.asAdmin(async (admin) => {
    // The member that stopped has left; the group must be empty before its offsets can be set.
    await bench.until('an empty group', 30, async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return groups[0]?.members.length === 0;
    });
    const starts = await admin.fetchTopicOffsets('comments');
    const [committed] = await admin.fetchOffsets({ groupId, topics: ['comments'] });
    const partitions = starts
      .filter(({ partition, low }) => {
        const at = committed?.partitions.find((place) => place.partition === partition);
        return Number(at?.offset ?? -1) < Number(low);
      })
      .map(({ partition, low }) => ({ partition, offset: low }));
    await admin.setOffsets({ groupId, topic: 'comments', partitions });
  });
}

export const topologyCases: readonly FaultCase[] = [
  {
    name: 'retention-passed',
    what: 'records are deleted before they were read: said loudly, the rest is stored',
    modes: ['kafka'],
    short: neither,
    act: passRetention,
  },
  {
    name: 'partitions-added',
    what: 'topics get more partitions while everything runs',
    modes: ['kafka'],
    short: neither,
    act: addPartitions,
  },
];
