// Fills in what a producer may leave out about a message, the same way wherever the record is read.
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { Message } from '../../schemas/topic.ts';
import type { StoredRecord } from '../log.ts';
import { Refusal } from './refusal.ts';
import { readTime } from './value.ts';

/** Fields of the envelope that a producer may leave out. */
export const fillable: ReadonlySet<string> = new Set(['id', 'tenant', 'eventTime', 'ingestTime', 'source']);

const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

type Draft = { -readonly [K in keyof Message]: Message[K] | null };

const headerText = (record: StoredRecord, name: string): string | undefined => {
  const value = record.headers[name];
  return value && value.length > 0 && value.length <= 1_024 ? value.toString('utf8') : undefined;
};

/**
 * Completes a draft in place: CloudEvents headers win over the payload, the payload over what the log knows.
 * A record without an id is named after its place in the log, so that every reader names it alike.
 */
export function completeMessage(
  draft: Record<string, unknown>,
  record: StoredRecord,
  topic: string,
  partition: number,
): Message | Refusal {
  const message = draft as Draft;
  const eventTime = cloudEventTime(record);
  if (eventTime instanceof Refusal) return eventTime;
  message.id =
    (headerText(record, 'ce_id') ?? message.id) || derivedId(topic, String(partition), String(record.offset));
  message.source = (headerText(record, 'ce_source') ?? message.source) || 'unknown';
  message.tenant ||= 'default';
  message.eventTime = (eventTime ?? message.eventTime) || record.timestamp;
  message.ingestTime ||= record.timestamp;
  const traceparent = headerText(record, 'traceparent');
  message.traceparent =
    traceparent && traceparentPattern.test(traceparent) ? traceparent : derivedTraceparent(message.id);
  return message as Message;
}

function cloudEventTime(record: StoredRecord): number | undefined | Refusal {
  const text = headerText(record, 'ce_time');
  if (text === undefined) return undefined;
  const time = readTime(text);
  return time instanceof Refusal ? new Refusal(time.code, `header "ce_time": ${time.reason}`) : time;
}
