// A dead letter as the record that it was, to be put back into its topic: the same bytes, key and headers, and headers
// that say that it was redriven and that keep its identity.
import type { LogRecord, StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Message } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import type { Stack } from '../stack.ts';
import { deadLetterTopic, originOf } from './letters.ts';

/** Headers of a redriven record. */
export const redriveHeaders = {
  /** Id of the dead letter that it was. */
  letter: 'millrace-redrive',
  /** Where the record stood before: topic/partition/offset. */
  origin: 'millrace-redrive-origin',
  /** How many times it was put back. */
  count: 'millrace-redrives',
  /** Set to `1` where the original could be read and only a later stage refused it: its table has its row already. */
  stored: 'millrace-redrive-stored',
} as const;

/** What a log accepts when a topic does not say: Kafka’s own limit, in bytes. */
const recordBytesMaxDefault = 1_048_576;
/** Room for what a record holds beside key, value and headers, in bytes. */
const overheadBytes = 1_024;

export interface RedriveRules {
  /** A record that was put back this often is not put back again. */
  readonly attemptsMax: number;
  /** Whether records that would be refused again are put back all the same. */
  readonly force: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A record ready to be put back. */
export interface Republication {
  readonly letter: DeadLetter;
  readonly origin: string;
  readonly record: LogRecord;
  /** Which time it is put back, from 1. */
  readonly attempt: number;
}

/** A letter that cannot or should not be put back. */
export interface RefusedLetter {
  readonly letter: DeadLetter;
  readonly refusal: { readonly code: string; readonly reason: string };
}

/** What a letter becomes. Looks up its schema; throws `Retryable` when the registry does not answer. */
export async function republicationOf(
  wire: Stack['wire'],
  letter: DeadLetter,
  rules: RedriveRules,
): Promise<Republication | RefusedLetter> {
  const attempt = redrivesOf(letter) + 1;
  const refusal = unfit(letter) ?? tooOften(attempt, rules);
  if (refusal) return { letter, refusal };
  const record = originalRecord(letter);
  await wire.prepare(letter.fromTopic, [record]);
  const message = wire.decode(letter.fromTopic, letter.fromPartition, record);
  const isReadable = !(message instanceof Refusal);
  if (!isReadable && !rules.force)
    return {
      letter,
      refusal: { code: 'unreadable', reason: `would be refused again: ${message.code}: ${message.reason}` },
    };
  const headers = {
    ...record.headers,
    ...(isReadable ? identityOf(message, record.headers) : {}),
    ...marksOf(letter, attempt),
  };
  const { key, value } = record;
  const republished = { key, value, headers, timestamp: rules.now };
  const tooLarge = oversize(letter, republished);
  if (tooLarge) return { letter, refusal: tooLarge };
  return { letter, origin: originOf(letter), record: republished, attempt };
}

/** How many times the record was put back before it became this letter. */
export function redrivesOf({ recordHeaders }: DeadLetter): number {
  const count = Number(recordHeaders[redriveHeaders.count] ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** The record that a letter was made of, as it stood in its topic. */
export function originalRecord(letter: DeadLetter): StoredRecord {
  const { recordKey, recordValue, recordHeaders, fromOffset, ingestTime } = letter;
  return {
    key: recordKey && Buffer.from(recordKey),
    value: recordValue && Buffer.from(recordValue),
    headers: Object.fromEntries(
      Object.entries(recordHeaders).map(([name, value]) => [name, Buffer.from(value, 'utf8')]),
    ),
    timestamp: ingestTime,
    offset: fromOffset,
  };
}

/** Why this letter can never be put back as it was. */
function unfit(letter: DeadLetter): RefusedLetter['refusal'] | null {
  const { fromTopic, recordBytes, recordValue, recordHeaders } = letter;
  const topic = topics.find(({ name }) => name === fromTopic);
  if (!topic) return { code: 'unknown-topic', reason: `there is no topic ${fromTopic} any more` };
  if (fromTopic === deadLetterTopic)
    return { code: 'dead-letters', reason: 'it is a dead letter about the dead letters themselves' };
  if (topic.compacted)
    return {
      code: 'compacted',
      reason: `${fromTopic} keeps the latest of each key: an old record would win`,
    };
  if (recordBytes > (recordValue?.length ?? 0))
    return { code: 'cut', reason: `only ${recordValue?.length ?? 0} of its ${recordBytes} bytes were kept` };
  const broken = Object.entries(recordHeaders).find(([, value]) => value.includes('\ufffd'));
  if (broken) return { code: 'headers-lost', reason: `header "${broken[0]}" was no UTF-8 and is not kept` };
  return null;
}

const tooOften = (attempt: number, { attemptsMax }: RedriveRules): RefusedLetter['refusal'] | null =>
  attempt > attemptsMax
    ? {
        code: 'too-often',
        reason: `was put back ${attempt - 1} times already (--max-attempts ${attemptsMax})`,
      }
    : null;

/**
 * What a reader would otherwise take from the record’s new place in the log: a message without an id is named after its
 * offset, and one without a time after when the log accepted it. Headers that say it already stay as they are.
 */
function identityOf(
  { id, eventTime }: Message,
  { ce_id, ce_time }: LogRecord['headers'],
): LogRecord['headers'] {
  const hasTime = ce_time !== undefined && Date.parse(ce_time.toString('utf8')) === eventTime;
  return {
    ...(ce_id?.toString('utf8') === id ? {} : { ce_id: Buffer.from(id) }),
    ...(hasTime ? {} : { ce_time: Buffer.from(new Date(eventTime).toISOString()) }),
  };
}

/** Refused by what came after reading: then the sink has read it, too. */
const refusedAfterReading: ReadonlySet<DeadLetter['code']> = new Set([
  'no-text',
  'processor-refused',
  'processing-failed',
  'model-crashed',
  'model-output',
]);

const isStored = ({ code }: DeadLetter): boolean => refusedAfterReading.has(code);

function marksOf(letter: DeadLetter, attempt: number): Record<string, Buffer> {
  const { letter: id, origin, count, stored } = redriveHeaders;
  return {
    [id]: Buffer.from(letter.id),
    [origin]: Buffer.from(originOf(letter)),
    [count]: Buffer.from(String(attempt)),
    ...(isStored(letter) ? { [stored]: Buffer.from('1') } : {}),
  };
}

function oversize({ fromTopic }: DeadLetter, record: LogRecord): RefusedLetter['refusal'] | null {
  const max = topics.find(({ name }) => name === fromTopic)?.recordBytesMax ?? recordBytesMaxDefault;
  const headers = Object.entries(record.headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0) + headers + overheadBytes;
  return bytes > max
    ? { code: 'too-large', reason: `with its headers it has ${bytes} bytes, ${fromTopic} takes ${max}` }
    : null;
}
