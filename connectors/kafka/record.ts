// Records between the port’s form and kafkajs’s.
import type { KafkaMessage, Message } from 'kafkajs';
import type { LogRecord, StoredRecord } from '../log.ts';

export function storedRecord(message: KafkaMessage): StoredRecord {
  return {
    key: message.key,
    value: message.value,
    headers: headersOf(message),
    timestamp: Number(message.timestamp),
    offset: Number(message.offset),
  };
}

export function outgoingMessage(record: LogRecord): Message {
  return {
    key: record.key,
    value: record.value,
    headers: record.headers,
    timestamp: String(record.timestamp),
  };
}

// A header that was sent several times counts as it was sent last, as in Kafka’s `Headers.lastHeader`.
function headersOf({ headers }: KafkaMessage): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  for (const name in headers) {
    const value = headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) found[name] = Buffer.isBuffer(last) ? last : Buffer.from(last ?? '');
  }
  return found;
}
