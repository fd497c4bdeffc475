// What a channel is told at once: alerts of one group, each with its latest word.
import type { Alert } from './alert.ts';

/** One alert of a notification; times in ms since 1970. */
export interface NotifiedAlert extends Pick<Alert, 'id' | 'rule' | 'severity' | 'state' | 'summary'> {
  /** The same in every message about one incident. */
  readonly incident: string;
  readonly startsAt: number;
  readonly endsAt: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly evidence: Readonly<Record<string, string>>;
}

export interface Notification {
  /** The same whenever the same messages are told again: receivers know a repeat by it. */
  readonly id: string;
  readonly group: string;
  /** Resolved when every alert in it is. */
  readonly state: Alert['state'];
  /** The most urgent one in it. */
  readonly severity: Alert['severity'];
  readonly subject: string;
  readonly alerts: readonly NotifiedAlert[];
}
