// What labellers say becomes feedback: one message of the topic for each word, under an id that a repeat has again.

import type { Feedback } from '../../schemas/feedback.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { Stack } from '../stack.ts';
import { sourceOf } from './budget.ts';
import { Leases } from './leases.ts';

/** A labeller’s word on one message: a label or a value. */
export interface Word {
  readonly task: string;
  readonly messageId: string;
  readonly label: string | null;
  readonly value: number | null;
  readonly by: string;
  readonly labeller: string;
  readonly tenant: string;
  /** What tells the word from the same one said at another time: a time, or the place in an imported file. */
  readonly occasion: string;
  /** Imported words do not count against a budget. */
  readonly way?: 'import';
}

/** Publishes feedback; resolves once it is durable in the log. Throws `Retryable`. */
export async function publishWords(
  { log, wire, now, cache, configuration }: Pick<Stack, 'log' | 'wire' | 'now' | 'cache' | 'configuration'>,
  words: readonly Word[],
): Promise<void> {
  if (words.length === 0) return;
  const time = now();
  const messages = words.map((word) => feedbackOf(word, time));
  await log.publish([{ topic: 'feedback', records: wire.encode('feedback', messages, time) }]);
  const leases = new Leases(cache, configuration.labels.leaseMs);
  for (const word of words) await leases.settle(word);
}

function feedbackOf({ labeller, occasion, way, ...word }: Word, time: number): Feedback {
  const { task, tenant, messageId, label, value } = word;
  const said = label ?? String(value);
  const id = derivedId('label', labeller, task, tenant, messageId, said, occasion);
  return {
    ...word,
    id,
    agrees: null,
    eventTime: time,
    ingestTime: time,
    source: way === 'import' ? `import:${labeller}`.slice(0, 128) : sourceOf(labeller),
    traceparent: derivedTraceparent(id),
  };
}
