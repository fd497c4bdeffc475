// What a topic that Millrace creates is set to, for whichever client creates it.
import type { TopicSpec } from '../log.ts';

const timestampAheadMsMax = '9223372036854775807';

/** Kafka's own names and values, as texts. */
export function topicSettings(spec: TopicSpec): Readonly<Record<string, string>> {
  const entries: [string, number | string | undefined][] = [
    ['cleanup.policy', spec.compacted ? 'compact' : undefined],
    ['retention.ms', spec.retentionMs],
    ['max.message.bytes', spec.recordBytesMax],
    // A producer whose clock is ahead would otherwise have whole batches refused.
    ['message.timestamp.after.max.ms', timestampAheadMsMax],
  ];
  const known = entries.filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}
