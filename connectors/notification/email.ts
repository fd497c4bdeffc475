// The e-mail channel: one mail for each notification.
import type { Channel } from './channel.ts';
import { addressIn, mailOf } from './mail.ts';
import { type SmtpServer, sendMail } from './smtp.ts';

export interface EmailOptions extends SmtpServer {
  readonly from: string;
  readonly to: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told which recipients a mail did not go to, with what the server said, when others took it. */
  readonly onRefused: (refused: readonly string[]) => void;
}

export function emailChannel({ from, to, now, onRefused, ...server }: EmailOptions): Channel {
  return {
    name: 'email',
    async send(notification, signal) {
      const content = mailOf(notification, { from, to }, now());
      const envelope = { from: addressIn(from), to: to.map(addressIn), content };
      const refused = await sendMail(server, envelope, signal);
      if (refused.length > 0) onRefused(refused);
    },
  };
}
