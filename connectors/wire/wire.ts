// Records to messages and back. Confluent-framed Avro and plain JSON are told apart by the first byte; a record that
// fits neither is a Refusal, never a crash.
import avsc from 'avsc';
import type { Message, Topic } from '../../schemas/topic.ts';
import type { LogRecord, StoredRecord } from '../log.ts';
import type { SchemaRegistry } from '../registry.ts';
import { type TopicFormat, topicFormat } from './format.ts';
import { parseJson } from './json.ts';
import { completeMessage } from './origin.ts';
import { Refusal } from './refusal.ts';

export type WireFormat = 'avro' | 'json';

export interface Wire {
  /** Looks up the schemas of records not met before, so that `decode` needs no socket. Throws `Retryable`. */
  prepare(topic: string, records: readonly StoredRecord[]): Promise<void>;
  /** A record as its topic's message, or why it is none. */
  decode(topic: string, partition: number, record: StoredRecord): Message | Refusal;
  /** Messages as records of their topic; `timestamp` in ms. */
  encode(topic: string, messages: readonly Message[], timestamp: number): LogRecord[];
}

const magicByte = 0;
const frameBytes = 5;
const slabBytes = 65_536;

/** Registers every topic's schema (Avro output only) and returns the wire. */
export async function openWire(options: {
  readonly topics: readonly Topic[];
  readonly registry: SchemaRegistry;
  readonly format: WireFormat;
}): Promise<Wire> {
  const { registry, format } = options;
  const formats = new Map(options.topics.map((topic) => [topic.name, topicFormat(topic)]));
  const ids = new Map<string, number>();
  if (format === 'avro')
    for (const [name, { avroText }] of formats)
      ids.set(name, await registry.register(`${name}-value`, avroText));
  const readers = new Map(
    options.topics.map((topic) => [topic.name, new Map<number, AvroReader | Refusal>()]),
  );
  const formatOf = (topic: string): TopicFormat => {
    const found = formats.get(topic);
    if (!found) throw new Error(`no such topic in schemas/topics.ts: ${topic}`);
    return found;
  };
  const readersOf = (topic: string) => readers.get(topic) ?? new Map<number, AvroReader | Refusal>();

  return {
    async prepare(topic, records) {
      const known = readersOf(topic);
      for (const { value } of records) {
        if (!value || value.length < frameBytes || value[0] !== magicByte) continue;
        const id = value.readInt32BE(1);
        if (known.get(id) instanceof AvroReader) continue;
        known.set(id, avroReader(formatOf(topic), id, await registry.schema(id)));
      }
    },
    decode(topic, partition, record) {
      const topicFormat = formatOf(topic);
      const { value } = record;
      if (!value || value.length === 0) return new Refusal('empty-value', 'the record has no value');
      const draft =
        value[0] === magicByte
          ? decodeAvro(topicFormat, readersOf(topic), value)
          : decodeJson(topicFormat, value);
      return draft instanceof Refusal ? draft : completeMessage(draft, record, topic, partition);
    },
    encode(topic, messages, timestamp) {
      const topicFormat = formatOf(topic);
      const id = ids.get(topic);
      const values =
        id === undefined ? encodeJson(topicFormat, messages) : encodeAvro(topicFormat, messages, id);
      return messages.map((message, index) => ({
        key: Buffer.from(String(message[topicFormat.topic.key])),
        value: values[index]!,
        headers: { traceparent: Buffer.from(message.traceparent, 'latin1') },
        timestamp,
      }));
    },
  };
}

/** Reads what one writer schema wrote as the topic's current schema. */
class AvroReader {
  readonly type: avsc.Type;
  readonly resolver: ReturnType<avsc.Type['createResolver']> | undefined;
  constructor(type: avsc.Type, resolver: ReturnType<avsc.Type['createResolver']> | undefined) {
    this.type = type;
    this.resolver = resolver;
  }
  read(payload: Buffer): Record<string, unknown> {
    return this.type.fromBuffer(payload, this.resolver);
  }
}

function avroReader(format: TopicFormat, id: number, writerText: string | null): AvroReader | Refusal {
  if (writerText === null) return new Refusal('unknown-schema', `the schema registry has no schema ${id}`);
  if (writerText === format.avroText) return new AvroReader(format.avroType, undefined);
  try {
    const writer = avsc.Type.forSchema(JSON.parse(writerText) as avsc.Schema);
    return new AvroReader(format.avroType, format.avroType.createResolver(writer));
  } catch (error) {
    return new Refusal(
      'unknown-schema',
      `schema ${id} cannot be read as ${format.topic.title}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function decodeAvro(
  format: TopicFormat,
  readers: ReadonlyMap<number, AvroReader | Refusal>,
  value: Buffer,
): Record<string, unknown> | Refusal {
  if (value.length < frameBytes)
    return new Refusal('corrupt-avro', `${value.length} bytes are too few for a frame`);
  const reader = readers.get(value.readInt32BE(1));
  if (!reader) throw new Error('decode() before prepare() of the same records');
  if (reader instanceof Refusal) return reader;
  try {
    const draft = reader.read(value.subarray(frameBytes));
    return format.checkLimits(draft) ?? draft;
  } catch (error) {
    return new Refusal('corrupt-avro', error instanceof Error ? error.message : String(error));
  }
}

function decodeJson(format: TopicFormat, value: Buffer): Record<string, unknown> | Refusal {
  const parsed = parseJson(value);
  if (parsed instanceof Refusal) return parsed;
  return format.readJson(parsed) as Record<string, unknown> | Refusal;
}

function encodeJson(format: TopicFormat, messages: readonly Message[]): Buffer[] {
  return messages.map((message) => Buffer.from(format.writeJson(message)));
}

/** Encodes a batch into shared slabs: one allocation serves many messages. */
function encodeAvro(format: TopicFormat, messages: readonly Message[], id: number): Buffer[] {
  let slab = Buffer.allocUnsafe(slabBytes);
  let at = 0;
  return messages.map((message) => {
    if (slab.length - at < frameBytes * 16) {
      slab = Buffer.allocUnsafe(slabBytes);
      at = 0;
    }
    let end = format.avroType.encode(message, slab, at + frameBytes);
    if (end < 0) {
      slab = Buffer.allocUnsafe(Math.max(slabBytes, frameBytes - end + (slab.length - at)));
      at = 0;
      end = format.avroType.encode(message, slab, frameBytes);
    }
    slab[at] = magicByte;
    slab.writeInt32BE(id, at + 1);
    const value = slab.subarray(at, end);
    at = end;
    return value;
  });
}
