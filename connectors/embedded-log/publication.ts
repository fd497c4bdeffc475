// One publish: everything is checked first, then each partition gets its share with one write.
//
// What a crash or a full disk in between leaves: some partitions may have their whole share, one a prefix of it (whole
// batches; a torn one is cut off when the log is opened), the others nothing. The publish was not acknowledged, so
// whoever publishes again may find a record twice, as with Kafka without transactions: ids are deterministic.
import { Misconfigured } from '../../schemas/errors.ts';
import type { LogRecord, Published } from '../log.ts';
import { recordBytes } from '../record-batch/encode.ts';
import { headerBytes } from '../record-batch/header.ts';
import { unknownTopic } from './failures.ts';
import type { Partition } from './partition.ts';
import type { Topic } from './topics.ts';

interface Share {
  readonly partition: Partition;
  readonly records: LogRecord[];
}

/** Publishes to `topics`. Throws `Misconfigured` before anything is written, `Retryable` when the disk refuses. */
export async function publish(
  topics: ReadonlyMap<string, Topic>,
  batches: readonly { readonly topic: string; readonly records: readonly LogRecord[] }[],
): Promise<readonly Published[]> {
  const shares = batches.flatMap(({ topic: name, records }) => {
    const topic = topics.get(name);
    if (!topic) throw unknownTopic(name);
    for (const record of records) check(record, topic);
    return divide(records, topic);
  });
  const published = shares.map(({ partition, records }) => ({
    topic: partition.topic,
    partition: partition.number,
    baseOffset: partition.append(records),
    count: records.length,
  }));
  await Promise.all(shares.map(({ partition }) => partition.flush()));
  return published;
}

function check(record: LogRecord, { spec }: Topic): void {
  const bytes = headerBytes + recordBytes(record, 0, 0);
  if (bytes > spec.recordBytesMax)
    throw new Misconfigured(
      `a record of ${bytes} bytes is above the ${spec.recordBytesMax} that topic ${spec.name} takes`,
      { code: 'record-too-large', fix: `shorten the record, or raise recordBytesMax of topic ${spec.name}` },
    );
  if (spec.compacted && record.key === null)
    throw new Misconfigured(`a record without a key cannot go to the compacted topic ${spec.name}`, {
      code: 'key-missing',
      fix: 'give the record a key: compaction keeps the latest record of each',
    });
}

function divide(records: readonly LogRecord[], { partitions, partitioner }: Topic): Share[] {
  const shares: (Share | undefined)[] = new Array(partitions.length);
  for (const record of records) {
    const number = partitioner.partitionOf(record, partitions.length);
    const share = shares[number];
    if (share) share.records.push(record);
    else shares[number] = { partition: partitions[number]!, records: [record] };
  }
  partitioner.turn();
  return shares.filter((share) => share !== undefined);
}
