// A notification as a mail: headers in ASCII whatever their words (RFC 2047), the text in base64 (RFC 2045), and a
// Message-ID that is the same when it is sent again, by which mail systems know a repeat.

import type { Notification } from '../../schemas/notification.ts';
import { linesOf } from './channel.ts';

export interface Addresses {
  readonly from: string;
  readonly to: readonly string[];
}

/** The mail as RFC 5322 has it, lines ended by CRLF; `time` in ms since 1970. */
export function mailOf(notification: Notification, { from, to }: Addresses, time: number): string {
  const domain = addressIn(from).split('@').at(-1);
  const { subject, severity, state, group, id } = notification;
  const headers = [
    `From: ${mailboxOf(from)}`,
    `To: ${to.map(mailboxOf).join(',\r\n ')}`,
    `Subject: ${encodedWords(subject)}`,
    `Date: ${new Date(time).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@${domain}>`,
    // One thread for each group in programs that show threads.
    `References: <${Buffer.from(group).toString('hex').slice(0, 64)}.millrace@${domain}>`,
    'Auto-Submitted: auto-generated',
    ...(severity === 'critical' && state === 'firing' ? ['Importance: high'] : []),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ];
  const text = [subject, '', ...linesOf(notification), '', `notification ${id}`].join('\r\n');
  const body = Buffer.from(`${text}\r\n`)
    .toString('base64')
    .replaceAll(/.{76}(?=.)/g, '$&\r\n');
  return `${headers.join('\r\n')}\r\n\r\n${body}\r\n`;
}

/** The bare address of `Name <address>`. */
export const addressIn = (mailbox: string): string => /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox.trim();

/** A mailbox with its name in ASCII. */
function mailboxOf(mailbox: string): string {
  const address = addressIn(mailbox);
  const name = mailbox.slice(0, mailbox.lastIndexOf('<')).trim();
  return mailbox.includes('<') && name !== '' ? `${encodedWords(name)} <${address}>` : address;
}

/** Text for a header: as it is where it is short ASCII, else in encoded words of at most 75 characters. */
function encodedWords(text: string): string {
  const flat = text.replaceAll(/[\r\n\t]+/g, ' ');
  if (/^[\x20-\x7e]*$/.test(flat) && flat.length <= 68 && !flat.includes('=?')) return flat;
  // 45 bytes are 60 characters of base64; a word holds whole characters only.
  const words: string[] = [];
  let word = '';
  for (const character of flat) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ');
}
