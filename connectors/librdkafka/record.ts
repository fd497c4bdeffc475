// Records between the port's form and librdkafka's.
import type { LogRecord, StoredRecord } from '../log.ts';
import type { NativeMessage } from './native.ts';

const noHeaders: Readonly<Record<string, Buffer>> = Object.freeze({});

export function storedRecord({ key, value, headers, timestamp, offset }: NativeMessage): StoredRecord {
  return { key, value, headers: headers ? headersOf(headers) : noHeaders, timestamp, offset };
}

// A header that was sent several times counts as it was sent last, as in Kafka's `Headers.lastHeader`.
const headersOf = (headers: NonNullable<NativeMessage['headers']>): Record<string, Buffer> =>
  Object.assign({}, ...headers);

/** One object per header, as librdkafka's binding wants them. */
export function outgoingHeaders({ headers }: LogRecord): Readonly<Record<string, Buffer>>[] | undefined {
  let found: Record<string, Buffer>[] | undefined;
  for (const name in headers) {
    found ??= [];
    found.push({ [name]: headers[name]! });
  }
  return found;
}

const nothing = Buffer.from('-').subarray(0, 0);

/** The same bytes; none at all in a buffer that has an address, since the binding takes one without for null. */
export const addressed = (bytes: Buffer | null): Buffer | null => (bytes?.length === 0 ? nothing : bytes);

const recordOverheadBytes = 32;

/** About what a record takes in a request and in memory, in bytes. */
export function sizeOf({ key, value, headers }: LogRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += 3 * name.length + headers[name]!.length + 10;
  return bytes;
}
