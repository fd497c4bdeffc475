// What a chunk sends to topics, and what of it an earlier run may have sent already.
import type { Message } from '../schemas/topic.ts';
import { deadLetterOf } from './dead-letters.ts';
import type { Chunk, Output } from './delivery.ts';
import type { Log, LogRecord, StoredRecord } from './log.ts';
import { originHeader, originPrefix } from './origin-mark.ts';
import type { Ends } from './output-ends.ts';
import { Refusal } from './wire/refusal.ts';
import type { Wire } from './wire/wire.ts';

/** How outputs become records, and what published ones are recognised by. */
export interface OutputOptions {
  readonly wire: Wire;
  /** Name of the stream, for dead letters and marks. */
  readonly stage: string;
  /** Output topics whose records carry the mark of their input (origin-mark.ts); the others hold messages with ids. */
  readonly markedTopics?: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Records on their way to one topic. */
interface Publication {
  readonly topic: string;
  readonly records: readonly LogRecord[];
}

/** What an earlier run has published already, asked by the id or mark of an output and the record it was made of. */
type IsDone = (id: string, record: StoredRecord) => boolean;

/**
 * The chunk’s outputs as records by topic, its dead letters among them, less what `isDone` says is published already.
 * Without `isDone` nothing is.
 */
export function recordsOf(
  chunk: Chunk<Output>,
  { wire, stage, now }: OutputOptions,
  isDone: IsDone | null,
): readonly Publication[] {
  const messages = new Map<string, Message[]>();
  const marked = new Map<string, LogRecord[]>();
  const { topic: from, partition } = chunk.batch;
  const prefix = originPrefix(stage, from, partition);
  const addMessage = (topic: string, message: Message, record: StoredRecord) => {
    if (!isDone?.(message.id, record)) push(messages, topic, message);
  };
  for (let index = 0; index < chunk.outcomes.length; index++) {
    const outcome = chunk.outcomes[index]!;
    const record = chunk.records[index]!;
    if (outcome.kind === 'ok')
      for (const output of outcome.outputs) {
        if ('message' in output) addMessage(output.topic, output.message, record);
        else if (!isDone?.(prefix + record.offset, record)) push(marked, output.topic, output.record);
      }
    if (outcome.kind === 'invalid') {
      const { code, reason } = outcome;
      addMessage(
        'dead-letters',
        deadLetterOf({ stage, topic: from, partition, record, code, reason }),
        record,
      );
    }
  }
  return [
    ...[...messages].map(([topic, list]) => ({ topic, records: wire.encode(topic, list, now()) })),
    ...[...marked].map(([topic, records]) => ({ topic, records })),
  ];
}

function push<T>(byTopic: Map<string, T[]>, topic: string, item: T): void {
  const items = byTopic.get(topic);
  if (items) items.push(item);
  else byTopic.set(topic, [item]);
}

/** Ids and marks of what lies between the journalled ends and the ends of now. */
export async function publishedIds(
  log: Log,
  { wire, markedTopics }: Pick<OutputOptions, 'wire' | 'markedTopics'>,
  journalled: Ends,
  now: Ends,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const [topic, { from, to }] of journalled.gapsTo(now)) {
    const isMarked = markedTopics?.has(topic) ?? false;
    for await (const { partition, records } of log.read(topic, { from, to })) {
      if (!isMarked) await wire.prepare(topic, records);
      for (const record of records) {
        const id = isMarked ? markOf(record) : idOf(wire, topic, partition, record);
        if (id !== null) ids.add(id);
      }
    }
  }
  return ids;
}

/** Null where somebody else wrote the record. */
const markOf = ({ headers }: StoredRecord): string | null => headers[originHeader]?.toString('utf8') ?? null;

function idOf(wire: Wire, topic: string, partition: number, record: StoredRecord): string | null {
  const message = wire.decode(topic, partition, record);
  return message instanceof Refusal ? null : message.id;
}
