// Notifications that a channel will never take, as dead letters: the alerts as they stand in the log, with the reason.
import { deadLetterOf } from '../../connectors/dead-letters.ts';
import type { StoredRecord } from '../../connectors/log.ts';
import type { Entry } from '../../processors/alerts/history.ts';
import { stageOf } from '../../processors/alerts/notification.ts';
import type { DeadLetter, DeadLetterCode } from '../../schemas/dead-letter.ts';
import type { Stack } from '../stack.ts';

const topic = 'alerts';

export interface Refusal {
  readonly code: DeadLetterCode;
  readonly reason: string;
}

/** Publishes one dead letter for each alert; `millrace dlq redrive` has the channel told again. */
export async function publishLetters(
  { log, wire, now }: Pick<Stack, 'log' | 'wire' | 'now'>,
  channel: string,
  { entries, refusal }: { readonly entries: readonly Entry[]; readonly refusal: Refusal },
): Promise<void> {
  const letters: DeadLetter[] = [];
  for (const { offset } of entries) {
    const record = await recordAt(log, offset);
    if (record)
      letters.push(deadLetterOf({ stage: stageOf(channel), topic, partition: 0, record, ...refusal }));
  }
  if (letters.length === 0) return;
  await log.publish([{ topic: 'dead-letters', records: wire.encode('dead-letters', letters, now()) }]);
}

async function recordAt(log: Stack['log'], offset: number): Promise<StoredRecord | null> {
  const range = { from: new Map([[0, offset]]), to: new Map([[0, offset + 1]]) };
  for await (const { records } of log.read(topic, range)) for (const record of records) return record;
  return null;
}
