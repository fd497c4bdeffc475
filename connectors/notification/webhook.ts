// The webhook channel: JSON to any address, signed so that the receiver knows the sender and the time.
import { createHmac } from 'node:crypto';
import type { Channel } from './channel.ts';
import { post } from './http-post.ts';

export interface WebhookOptions {
  readonly url: string;
  /** Shared with the receiver; null: nothing is signed. */
  readonly secret: string | null;
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The signature of a body at an instant (seconds since 1970), as Stripe and Slack make theirs: HMAC-SHA256 of both. */
const signatureOf = (secret: string, seconds: number, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;

export function webhookChannel({ url, secret, timeoutMs, now }: WebhookOptions): Channel {
  return {
    name: 'webhook',
    async send(notification, signal) {
      const body = JSON.stringify({ version: 1, ...notification });
      const seconds = Math.floor(now() / 1_000);
      const signed = secret === null ? {} : { 'millrace-signature': signatureOf(secret, seconds, body) };
      const headers = {
        'idempotency-key': notification.id,
        'millrace-timestamp': String(seconds),
        ...signed,
      };
      await post({ url, body, headers, timeoutMs, signal, channel: 'webhook' });
    },
  };
}
