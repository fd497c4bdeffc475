// The process that kill.test.ts kills: publishes numbers from where the log ends, says which ones were acknowledged,
// and commits as it goes. Arguments: directory, partitions.
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import type { Log } from '../../../connectors/log.ts';
import { record, subscribing, textOf } from '../../contract/log/subject.ts';

const [directory, partitions] = process.argv.slice(2);

async function nextNumber(log: Log): Promise<number> {
  const ranges = await log.ranges(['t']);
  const from = new Map(ranges.map(({ partition }) => [partition, 0]));
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  let next = 0;
  for await (const { records } of log.read('t', { from, to }))
    for (const stored of records) next = Math.max(next, Number.parseInt(textOf(stored), 10) + 1);
  return next;
}

/** Publishes batches of changing size. A torn publish may have left some numbers out: they are never used again. */
async function publishForever(log: Log, from: number): Promise<never> {
  for (let number = from; ; ) {
    const count = 1 + ((number * 7) % 90);
    const records = Array.from({ length: count }, (_, index) =>
      record(`key-${(number + index) % 17}`, `${number + index} ${'x'.repeat((number * 13) % 500)}`),
    );
    await log.publish([{ topic: 't', records }]);
    number += count;
    process.stdout.write(`published ${number - count} ${number}\n`);
  }
}

const log = await openEmbeddedLog({ directory: directory!, segmentBytesMax: 400_000 });
await log.createTopics([{ name: 't', partitions: Number(partitions) }]);
const from = await nextNumber(log);
await log.subscribe(subscribing('g', 't'), async (batch) => {
  const end = batch.records.at(-1)!.offset + 1;
  await batch.commit(end, 'x'.repeat(300));
  if (batch.partition === 0) process.stdout.write(`committed ${end}\n`);
});
await publishForever(log, from);
