// The wire without personal data: every message that Millrace reads is redacted before anything sees it, and every one
// that it writes before it is written. One place, so that no stream, sink or dead letter can forget it.
import { Refusal } from '../connectors/wire/refusal.ts';
import type { Wire } from '../connectors/wire/wire.ts';
import { redactMessage } from '../processors/redaction/message-redaction.ts';
import { createRedaction, type Redactable } from '../processors/redaction/redaction.ts';
import type { Message } from '../schemas/topic.ts';
import { topics } from '../schemas/topics.ts';

const topicsByName = new Map(topics.map((topic) => [topic.name, topic]));

/** The wire itself where nothing is to be redacted. `count` is told what was found. */
export function redactingWire(
  wire: Wire,
  kinds: readonly Redactable[],
  count: (kind: Redactable, found: number) => void,
): Wire {
  if (kinds.length === 0) return wire;
  const redact = createRedaction(kinds, count);
  const clean = (topic: string, message: Message): Message => {
    const declared = topicsByName.get(topic);
    return declared ? redactMessage(declared, message, redact) : message;
  };
  return {
    prepare: (topic, records) => wire.prepare(topic, records),
    decode(topic, partition, record) {
      const message = wire.decode(topic, partition, record);
      return message instanceof Refusal ? message : clean(topic, message);
    },
    encode: (topic, messages, timestamp) =>
      wire.encode(
        topic,
        messages.map((message) => clean(topic, message)),
        timestamp,
      ),
  };
}
