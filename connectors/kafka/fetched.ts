// A fetch response read by our own codec: headers, checksums and transactions at once, the records only when somebody
// wants them, and then as views into the response. kafkajs sees one stand-in message for each partition, which carries
// what it counts with: the last offset that was fetched, and whether there is anything for a consumer to see.
import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import type { StoredRecord } from '../log.ts';
import { CorruptBatch, decodeRecords } from '../record-batch/decode.ts';
import { type BatchHeader, checksumHolds, headerBytes, readHeader } from '../record-batch/header.ts';

const require = createRequire(import.meta.url);
type Decoder = object;
const StockDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
const decodeMessageSet = require('kafkajs/src/protocol/messageSet/decoder') as (
  decoder: Decoder,
  bytes: number,
) => Promise<readonly object[]>;

/** Of this transaction’s producer, everything from `firstOffset` to its abort marker is void. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

interface DataBatch {
  readonly header: BatchHeader;
  /** The records alone, decompressed. */
  readonly payload: Buffer;
}

/** What a fetch brought of one partition. */
export class FetchedRecords {
  /** Where to go on: past everything that was fetched, seen or not. */
  readonly next: number;
  readonly #batches: readonly DataBatch[];
  readonly #from: number;

  constructor(batches: readonly DataBatch[], from: number, next: number) {
    this.#batches = batches;
    this.#from = from;
    this.next = next;
  }

  /** Whether there is a record for a consumer. Only a batch that begins before the fetched offset has to be looked into. */
  get visible(): boolean {
    const sure = ({ header }: DataBatch) => header.count > 0 && header.baseOffset >= this.#from;
    return this.#batches.some(sure) || this.decode().length > 0;
  }

  /** The records from the fetched offset on; their bytes are views into the response. Throws `CorruptBatch`. */
  decode(): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const { header, payload } of this.#batches) decodeRecords(payload, header, records, this.#from);
    return records;
  }
}

/** A stand-in for all that was fetched of a partition, as kafkajs counts messages. */
interface StandIn {
  readonly offset: string;
  readonly isControlRecord: boolean;
  readonly fetched: FetchedRecords;
}

/** What the stand-in among a batch’s messages stands for; null when they are kafkajs’s own. */
export function fetchedRecords(messages: readonly object[]): FetchedRecords | null {
  const [first] = messages as readonly Partial<StandIn>[];
  return first?.fetched ?? null;
}

/**
 * Reads a partition’s record set from the fetched offset on, as kafkajs’s messages: one stand-in, none when there is
 * nothing new, or what its own decoder makes of message sets older than Kafka 0.11. What is aborted or a marker is
 * passed over. Throws `CorruptBatch` when the first batch is damaged; a later one ends the set.
 */
export async function readRecordSet(
  set: Buffer,
  fetchOffset: number,
  aborted: readonly AbortedTransaction[],
): Promise<readonly object[]> {
  if (set.length > magicAt && set[magicAt]! < recordBatchMagic)
    return decodeMessageSet(new StockDecoder(set), set.length);
  const filter = new AbortedFilter(aborted);
  const batches: DataBatch[] = [];
  let next = fetchOffset;
  for (let position = 0; position < set.length; ) {
    const header = wholeBatch(set, position, next === fetchOffset);
    if (!header) break;
    if (filter.lets(set, position, header) && header.lastOffset >= fetchOffset)
      batches.push({ header, payload: await payloadOf(set, position, header) });
    next = Math.max(next, header.lastOffset + 1);
    position += header.bytes;
  }
  if (next === fetchOffset) return [];
  const fetched = new FetchedRecords(batches, fetchOffset, next);
  return [{ offset: String(next - 1), isControlRecord: !fetched.visible, fetched } satisfies StandIn];
}

const magicAt = 16;
const recordBatchMagic = 2;

/** The header of a sound batch; null where the set ends in part of one, or where what follows is damaged. */
function wholeBatch(set: Buffer, position: number, isFirst: boolean): BatchHeader | null {
  if (position + headerBytes > set.length) return null;
  const header = readHeader(set, position);
  if (header && position + header.bytes > set.length) return null;
  if (header && checksumHolds(set, position, header)) return header;
  if (!isFirst) return null; // asked for again, it will be the first
  const what = header ? `the batch at offset ${header.baseOffset}` : 'what follows';
  throw new CorruptBatch(`${what} is not what was written: its checksum or its header is wrong`);
}

async function payloadOf(set: Buffer, position: number, header: BatchHeader): Promise<Buffer> {
  const payload = set.subarray(position + headerBytes, position + header.bytes);
  if (header.compression === 0 || header.count === 0) return payload;
  const codec = kafkajs.CompressionCodecs[header.compression as keyof typeof kafkajs.CompressionCodecs]?.();
  if (!codec)
    throw new CorruptBatch(
      `the batch at offset ${header.baseOffset} has an unknown codec: ${header.compression}`,
    );
  try {
    return await codec.decompress(payload);
  } catch (error) {
    throw new CorruptBatch(`the batch at offset ${header.baseOffset} cannot be decompressed`, {
      cause: error,
    });
  }
}

/** Lets the batches of committed transactions pass, and those of none; markers never. */
class AbortedFilter {
  readonly #waiting: AbortedTransaction[];
  readonly #aborted = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset);
  }

  /** To be asked of one batch after another. */
  lets(set: Buffer, position: number, header: BatchHeader): boolean {
    while ((this.#waiting.at(-1)?.firstOffset ?? Number.POSITIVE_INFINITY) <= header.lastOffset)
      this.#aborted.add(this.#waiting.pop()!.producerId);
    if (!header.control) return !(header.transactional && this.#aborted.has(header.producerId));
    if (isAbortMarker(set, position, header)) this.#aborted.delete(header.producerId);
    return false;
  }
}

// A marker is one record whose key holds a version and a type, two bytes each; type 0 is an abort. It is short, so its
// length, deltas and key length take one byte each.
const markerKeyAt = headerBytes + 5;

const isAbortMarker = (set: Buffer, position: number, { count, bytes }: BatchHeader): boolean =>
  count > 0 && bytes >= markerKeyAt + 4 && set.readInt16BE(position + markerKeyAt + 2) === 0;
