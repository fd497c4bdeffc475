// The Slack channel: an incoming webhook, messages in blocks with a bar in the colour of their severity.

import type { Notification, NotifiedAlert } from '../../schemas/notification.ts';
import type { Channel } from './channel.ts';
import { post } from './http-post.ts';

export interface SlackOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

/** Slack takes 50 blocks; the rest is a line that says how many there are. */
const alertsMax = 20;
/** Slack takes 3,000 characters a text and 150 a header. */
const textMax = 2_800;
const headerMax = 150;

const colours = { info: '#439fe0', warning: '#daa038', critical: '#a30200' } as const;
const resolvedColour = '#2eb886';

export function slackChannel({ url, timeoutMs }: SlackOptions): Channel {
  return {
    name: 'slack',
    send: (notification, signal) =>
      post({ url, body: JSON.stringify(messageOf(notification)), timeoutMs, signal, channel: 'slack' }),
  };
}

/** The message as Slack’s API describes it: `text` for what shows no blocks, such as a phone’s notices. */
export function messageOf(notification: Notification) {
  const { subject, state, severity, alerts, id } = notification;
  const more = alerts.length - alertsMax;
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: cut(subject, headerMax), emoji: false } },
    ...alerts.slice(0, alertsMax).flatMap(blocksOf),
    ...(more > 0 ? [context(`and ${more} more`)] : []),
    context(`notification ${id}`),
  ];
  const color = state === 'resolved' ? resolvedColour : colours[severity];
  return { text: escaped(cut(subject, textMax)), attachments: [{ color, blocks }] };
}

function blocksOf({ rule, state, severity, summary, startsAt, endsAt, evidence }: NotifiedAlert) {
  const word = state === 'firing' ? severity : 'resolved';
  const time = `since ${dateOf(startsAt)}${endsAt === null ? '' : ` until ${dateOf(endsAt)}`}`;
  const rests = Object.entries(evidence).map(([name, value]) => `${name}: ${value}`);
  const said = `*${escaped(rule)}* (${word})\n${escaped(cut(summary, textMax))}`;
  return [
    { type: 'section', text: { type: 'mrkdwn', text: cut(said, 3_000) } },
    context(cut([time, escaped(rests.join(' · '))].filter((part) => part !== '').join('\n'), 2_000)),
  ];
}

const context = (text: string) => ({ type: 'context', elements: [{ type: 'mrkdwn', text }] });

/** Slack shows it in the reader’s own time zone. */
const dateOf = (ms: number): string =>
  `<!date^${Math.floor(ms / 1_000)}^{date_num} {time_secs}|${new Date(ms).toISOString()}>`;

const cut = (text: string, charactersMax: number): string => {
  const characters = [...text];
  return characters.length <= charactersMax ? text : `${characters.slice(0, charactersMax - 1).join('')}…`;
};

/** What Slack’s own markup would take for a link or a mention. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
