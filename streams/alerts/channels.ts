// The channels that the configuration sets up, each with the alerts it gets.
import { readFileSync } from 'node:fs';
import { alertmanagerChannel } from '../../connectors/notification/alertmanager.ts';
import type { Channel } from '../../connectors/notification/channel.ts';
import { type EmailOptions, emailChannel } from '../../connectors/notification/email.ts';
import { slackChannel } from '../../connectors/notification/slack.ts';
import { webhookChannel } from '../../connectors/notification/webhook.ts';
import type { Matcher } from '../../processors/alerts/matcher.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Stack } from '../stack.ts';

export interface OpenChannel {
  readonly channel: Channel;
  readonly matchers: readonly Matcher[];
}

/** Every channel that is set up. Throws `Misconfigured` for an authority of the SMTP server that cannot be read. */
export function channelsOf({
  configuration,
  now,
  logger,
}: Pick<Stack, 'configuration' | 'now'> & Partial<Pick<Stack, 'logger'>>): readonly OpenChannel[] {
  const { email, slack, webhook, alertmanager, timeoutMs } = configuration.alerting;
  const open: OpenChannel[] = [];
  const onRefused = (refused: readonly string[]) =>
    logger?.error({ refused }, 'recipients are refused by the SMTP server; nobody else tells them');
  if (email.host !== null)
    open.push({
      channel: emailOf(email, email.host, { timeoutMs, now, onRefused }),
      matchers: email.matching,
    });
  if (slack.url !== null)
    open.push({ channel: slackChannel({ url: slack.url, timeoutMs }), matchers: slack.matching });
  if (webhook.url !== null) {
    const { url, secret, matching } = webhook;
    open.push({ channel: webhookChannel({ url, secret, timeoutMs, now }), matchers: matching });
  }
  if (alertmanager.url !== null) {
    const { url, everyMs, matching } = alertmanager;
    open.push({ channel: alertmanagerChannel({ url, everyMs, timeoutMs, now }), matchers: matching });
  }
  return open;
}

type EmailSettings = Configuration['alerting']['email'];

function emailOf(
  { port, security, caFile, username, password, from, to }: EmailSettings,
  host: string,
  rest: Pick<EmailOptions, 'timeoutMs' | 'now' | 'onRefused'>,
): Channel {
  const ca = caFile === null ? null : authorityIn(caFile);
  return emailChannel({ host, port, security, ca, username, password, from: from ?? '', to, ...rest });
}

function authorityIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Misconfigured(`cannot read ${file}: ${(cause as Error).message}`, {
      code: 'email-authority',
      fix: 'Name a readable PEM file in MILLRACE_ALERTS_EMAIL_CA_FILE.',
      cause,
    });
  }
}
