// Publishes for tests of how they are cut into requests.
import type { Order } from '../../../connectors/kafka/request.ts';
import type { LogRecord } from '../../../connectors/log.ts';

export const record = (bytes: number, name = '', key: string | null = null): LogRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: Buffer.alloc(bytes, name || 'x'),
  headers: {},
  timestamp: 0,
});

export const order = (topic: string, ...records: LogRecord[]): Order => ({
  batches: [{ topic, records }],
  published: [],
  failed: false,
  resolve() {},
  reject() {},
});
