// The e-mail channel: one mail for each notification.
import type { Channel } from './channel.ts';
import { addressIn, mailOf } from './mail.ts';
import { type SmtpServer, sendMail } from './smtp.ts';

export interface EmailOptions extends SmtpServer {
  readonly from: string;
  readonly to: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function emailChannel({ from, to, now, ...server }: EmailOptions): Channel {
  return {
    name: 'email',
    send: (notification, signal) =>
      sendMail(
        server,
        {
          from: addressIn(from),
          to: to.map(addressIn),
          content: mailOf(notification, { from, to }, now()),
        },
        signal,
      ),
  };
}
