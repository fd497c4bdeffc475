// A subscription's options as librdkafka's settings.
import type { SubscribeOptions } from '../log.ts';
import { fetchSettings } from './consumer.ts';
import type { Settings } from './native.ts';

/** A process whose event loop stands still for so long leaves the group; handlers may take as long as they like. */
const pollMsMin = 30_000;

export function memberSettings(options: SubscribeOptions): {
  readonly settings: Settings;
  readonly topicSettings: Settings;
} {
  const { group, sessionTimeoutMs, fetchWaitMs, fetchBytesMin, partitionBytesMax } = options;
  return {
    settings: {
      'group.id': group,
      'partition.assignment.strategy': 'cooperative-sticky',
      'session.timeout.ms': sessionTimeoutMs,
      'heartbeat.interval.ms': Math.min(3_000, Math.floor(sessionTimeoutMs / 10)),
      'max.poll.interval.ms': Math.max(pollMsMin, sessionTimeoutMs),
      ...fetchSettings({ waitMs: fetchWaitMs, bytesMin: fetchBytesMin, partitionBytesMax }),
    },
    // A place that the log does not hold stops the partition instead of being skipped: see range-watch.ts. It stands
    // here because a topic's own settings, even empty ones, would replace it with librdkafka's default, the end.
    topicSettings: { 'auto.offset.reset': 'error' },
  };
}
