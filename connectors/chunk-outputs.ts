// What a chunk sends to topics, and what of it an earlier run may have sent already.
import type { Message } from '../schemas/topic.ts';
import { deadLetterOf } from './dead-letters.ts';
import type { Addressed, Chunk } from './delivery.ts';
import type { Log, StoredRecord } from './log.ts';
import type { Ends } from './output-ends.ts';
import { Refusal } from './wire/refusal.ts';
import type { Wire } from './wire/wire.ts';

/** The chunk’s outputs by topic, dead letters of `stage` among them, less what `isDone` says is published already. */
export function outputsOf(
  chunk: Chunk<Addressed>,
  stage: string,
  isDone: (message: Message, record: StoredRecord) => boolean,
): Map<string, Message[]> {
  const { topic: from, partition } = chunk.batch;
  const byTopic = new Map<string, Message[]>();
  const add = (topic: string, message: Message, record: StoredRecord) => {
    if (isDone(message, record)) return;
    const messages = byTopic.get(topic);
    if (messages) messages.push(message);
    else byTopic.set(topic, [message]);
  };
  for (const [index, outcome] of chunk.outcomes.entries()) {
    const record = chunk.records[index]!;
    if (outcome.kind === 'ok') for (const { topic, message } of outcome.outputs) add(topic, message, record);
    if (outcome.kind === 'invalid') {
      const { code, reason } = outcome;
      const letter = deadLetterOf({ stage, topic: from, partition, record, code, reason });
      add('dead-letters', letter, record);
    }
  }
  return byTopic;
}

/** Ids of the messages that lie between the journalled ends and the ends of now. */
export async function publishedIds(
  log: Log,
  wire: Wire,
  journalled: Ends,
  now: Ends,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const [topic, { from, to }] of journalled.gapsTo(now)) {
    for await (const { partition, records } of log.read(topic, { from, to })) {
      await wire.prepare(topic, records);
      for (const record of records) {
        const message = wire.decode(topic, partition, record);
        if (!(message instanceof Refusal)) ids.add(message.id);
      }
    }
  }
  return ids;
}
