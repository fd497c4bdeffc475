// The port of a notification channel: told once per notification, with what to do when it is not taken.

import type { Notification, NotifiedAlert } from '../../schemas/notification.ts';

export interface Channel {
  readonly name: string;
  /**
   * Resolves when the other side has taken the notification. Throws `Retryable` (with `retryAfterMs` in its context
   * where the other side asks for that) when it may take it later, and `NotificationRefused` when it never will.
   */
  send(notification: Notification, signal: AbortSignal): Promise<void>;
  /** For receivers that forget what they do not hear again: the alerts that are not over, now and then. */
  readonly renewal?: {
    readonly everyMs: number;
    renew(alerts: readonly NotifiedAlert[], signal: AbortSignal): Promise<void>;
  };
}

/** The other side will not take this notification however often it is sent. */
export class NotificationRefused extends Error {
  override readonly name = 'NotificationRefused';
}

/** An alert in words, one line each: for mails and other plain texts. */
export function linesOf({ alerts }: Notification): readonly string[] {
  return alerts.flatMap((alert) => {
    const { rule, state, severity, summary, startsAt, endsAt, evidence } = alert;
    const times = `since ${new Date(startsAt).toISOString()}${endsAt === null ? '' : ` until ${new Date(endsAt).toISOString()}`}`;
    const rests = Object.entries(evidence).map(([name, value]) => `    ${name}: ${value}`);
    return [`${state === 'firing' ? severity : 'resolved'}: ${rule}`, `  ${summary}`, `  ${times}`, ...rests];
  });
}
