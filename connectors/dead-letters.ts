// Makes a dead letter of a record that a stage could not use: whole, with the reason, under an id that is the same
// on every run.
import type { DeadLetter, DeadLetterCode } from '../schemas/dead-letter.ts';
import { derivedId, derivedTraceparent } from '../schemas/identity.ts';
import type { StoredRecord } from './log.ts';

/** Longest part of an original value that is kept, in bytes; `recordBytes` tells the whole length. */
const keptBytesMax = 1_048_576;

export interface Refused {
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly record: StoredRecord;
  readonly code: DeadLetterCode;
  readonly reason: string;
}

export function deadLetterOf({ stage, topic, partition, record, code, reason }: Refused): DeadLetter {
  const id = derivedId('dead-letter', stage, topic, String(partition), String(record.offset));
  const headers = Object.entries(record.headers).map(([name, value]) => [name, value.toString('utf8')]);
  return {
    id,
    tenant: 'default',
    eventTime: record.timestamp,
    ingestTime: record.timestamp,
    source: topic,
    traceparent: record.headers.traceparent?.toString('latin1') ?? derivedTraceparent(id),
    stage,
    code,
    reason,
    fromTopic: topic,
    fromPartition: partition,
    fromOffset: record.offset,
    recordKey: record.key,
    recordValue: record.value?.subarray(0, keptBytesMax) ?? null,
    recordBytes: record.value?.length ?? 0,
    recordHeaders: Object.fromEntries(headers),
  };
}
