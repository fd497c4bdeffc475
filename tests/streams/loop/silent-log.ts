// A log whose subscriptions can fall silent: they keep their partitions and their heartbeats, and hand over nothing.
// So did clients that stalled for a day while everything was green.
import type { Log, Subscription } from '../../../connectors/log.ts';

export interface SilentLog {
  readonly log: Log;
  /** Subscriptions opened so far, for each group. */
  readonly opened: Map<string, Subscription[]>;
  /** Silences what a group has open now, and what it opens while `next` is not used up. */
  silence(group: string, next?: number): void;
}

export function silentLog(real: Log): SilentLog {
  const opened = new Map<string, Subscription[]>();
  const silencedNext = new Map<string, number>();
  const hush = (subscription: Subscription) => {
    for (const { topic, partition } of subscription.assigned()) subscription.pause(topic, partition);
  };
  const log = new Proxy(real, {
    get(target, name) {
      if (name === 'subscribe') return subscribe;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const subscribe: Log['subscribe'] = async (options, handler) => {
    const left = silencedNext.get(options.group) ?? 0;
    silencedNext.set(options.group, Math.max(0, left - 1));
    const subscription = await real.subscribe(options, handler);
    opened.set(options.group, [...(opened.get(options.group) ?? []), subscription]);
    if (left > 0) hush(subscription);
    return subscription;
  };
  return {
    log,
    opened,
    silence(group, next = 0) {
      const current = opened.get(group)?.at(-1);
      if (current) hush(current);
      silencedNext.set(group, next);
    },
  };
}
