// What single settings of alerting cannot say: rules that contradict each other, channels that are half set up.
import type { Check, Contradiction } from './checks.ts';

const rulesKey = ['alerting.rules'];

export const alertChecks: readonly Check[] = [
  ({ alerting: { rules } }): Contradiction | false => {
    const names = rules.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return false;
    return {
      keys: rulesKey,
      what: `two alert rules are called ${twice}`,
      fix: 'Give each a name of its own.',
    };
  },
  ({ alerting }): Contradiction | false => {
    const isOpen = {
      email: alerting.email.host !== null,
      slack: alerting.slack.url !== null,
      webhook: alerting.webhook.url !== null,
      alertmanager: alerting.alertmanager.url !== null,
    };
    const named = alerting.rules.flatMap(({ name, channels, escalations }) =>
      [...channels, ...escalations.flatMap((step) => step.channels)].map((channel) => ({ name, channel })),
    );
    const closed = named.find(({ channel }) => !isOpen[channel as keyof typeof isOpen]);
    if (!closed) return false;
    return {
      keys: rulesKey,
      what: `alert rule ${closed.name} tells ${closed.channel}, which is not set up`,
      fix: `Set up alerting.${closed.channel}, or name another channel.`,
    };
  },
  ({ alerting: { email } }) =>
    email.host !== null &&
    (email.from === null || email.to.length === 0) && {
      keys: ['alerting.email.host'],
      what: 'mails need a sender and recipients',
      fix: 'Set MILLRACE_ALERTS_EMAIL_FROM and MILLRACE_ALERTS_EMAIL_TO.',
    },
  ({ alerting: { email } }) =>
    (email.username === null) !== (email.password === null) && {
      keys: ['alerting.email.username', 'alerting.email.password'],
      what: 'the SMTP server has a user or a password, but not both',
      fix: 'Set both MILLRACE_ALERTS_EMAIL_USERNAME and MILLRACE_ALERTS_EMAIL_PASSWORD, or neither.',
    },
  ({ alerting: { email } }) =>
    email.security === 'none' &&
    email.password !== null && {
      keys: ['alerting.email.security', 'alerting.email.password'],
      what: 'without TLS the password of the SMTP server is readable over the network',
      fix: 'Set MILLRACE_ALERTS_EMAIL_SECURITY to starttls or tls, or send without a password.',
    },
  ({ alerting: { retryDelayMs, retryDelayMaxMs } }) =>
    retryDelayMaxMs < retryDelayMs && {
      keys: ['alerting.retryDelayMaxMs', 'alerting.retryDelayMs'],
      what: `the longest pause (${retryDelayMaxMs} ms) is shorter than the first (${retryDelayMs} ms)`,
      fix: 'Raise alerting.retryDelayMaxMs or lower alerting.retryDelayMs.',
    },
];
