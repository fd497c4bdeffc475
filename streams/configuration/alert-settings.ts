// Settings of alerting: what is watched, and how people are told.
import { builtInRules } from '../../processors/alerts/built-in.ts';
import { matcherList, ruleList } from './alert-rule-settings.ts';
import { count, milliseconds } from './quantity.ts';
import { choice, list, setting, textOrNone, urlOrNone } from './setting.ts';

const builtInNames = builtInRules.map(({ name }) => name);

/** Which alerts a channel gets. */
const matching = (channel: string) =>
  setting({
    variable: `MILLRACE_ALERTS_${channel.toUpperCase()}_MATCHING`,
    kind: matcherList,
    default: [],
    doc: 'Only alerts that fulfil every matcher go there; they see `rule`, `severity`, `group`, `tenant` and the labels of rules.',
  });

const email = {
  host: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_HOST',
    kind: textOrNone,
    default: null,
    doc: 'SMTP server that takes the mails. None: no mails.',
  }),
  port: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_PORT',
    kind: count({ min: 1, max: 65_535 }),
    default: 587,
    doc: 'Its port.',
  }),
  security: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_SECURITY',
    kind: choice('starttls', 'tls', 'none'),
    default: 'starttls',
    doc: '`starttls`: TLS after the greeting, or no mail is sent. `tls`: from the first byte (port 465). `none`: readable on the way.',
  }),
  caFile: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_CA_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with the authority that signed its certificate. None: the authorities that Node trusts.',
  }),
  username: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_USERNAME',
    kind: textOrNone,
    default: null,
    doc: 'User of the server.',
  }),
  password: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_PASSWORD',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Password of that user.',
  }),
  from: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_FROM',
    kind: textOrNone,
    default: null,
    doc: 'Sender: `millrace@example.org` or `Millrace <millrace@example.org>`.',
  }),
  to: setting({
    variable: 'MILLRACE_ALERTS_EMAIL_TO',
    kind: list({ empty: true }),
    default: [],
    doc: 'Who gets the mails.',
  }),
  matching: matching('email'),
};

const slack = {
  url: setting({
    variable: 'MILLRACE_ALERTS_SLACK_URL',
    kind: urlOrNone('https', 'http'),
    default: null,
    secret: true,
    doc: 'Incoming webhook of Slack, or of what understands its messages (Mattermost, Rocket.Chat). None: no messages.',
  }),
  matching: matching('slack'),
};

const webhook = {
  url: setting({
    variable: 'MILLRACE_ALERTS_WEBHOOK_URL',
    kind: urlOrNone('https', 'http'),
    default: null,
    doc: 'Address that notifications are posted to as JSON. None: none are.',
  }),
  secret: setting({
    variable: 'MILLRACE_ALERTS_WEBHOOK_SECRET',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Signs what is posted: `millrace-signature: v1=<HMAC-SHA256 over "<millrace-timestamp>.<body>">`.',
  }),
  matching: matching('webhook'),
};

const alertmanager = {
  url: setting({
    variable: 'MILLRACE_ALERTS_ALERTMANAGER_URL',
    kind: urlOrNone('https', 'http'),
    default: null,
    doc: 'Address of an Alertmanager, or of what has its API, without `/api`. None: none.',
  }),
  everyMs: setting({
    variable: 'MILLRACE_ALERTS_ALERTMANAGER_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 60_000,
    unit: 'ms',
    doc: 'Alerts that are not over are sent again so often; Alertmanager takes one for over that it has not heard for four such times.',
  }),
  matching: matching('alertmanager'),
};

export const alerting = {
  everyMs: setting({
    variable: 'MILLRACE_ALERTS_EVERY_MS',
    kind: milliseconds({ min: 100 }),
    default: 30_000,
    unit: 'ms',
    doc: 'Time between looks at what alert rules watch; a drift report is looked at when it comes.',
  }),
  builtIn: setting({
    variable: 'MILLRACE_ALERTS_BUILT_IN',
    kind: list({ values: builtInNames, empty: true }),
    default: builtInNames,
    doc: 'Built-in rules that run; a declared rule of the same name takes the place of one.',
  }),
  rules: setting({
    variable: 'MILLRACE_ALERTS_RULES',
    kind: ruleList,
    default: [],
    doc: 'Rules of your own; docs/alerts.md tells what one may say.',
  }),
  groupMs: setting({
    variable: 'MILLRACE_ALERTS_GROUP_MS',
    kind: milliseconds({ min: 0, max: 3_600_000 }),
    default: 30_000,
    unit: 'ms',
    doc: 'Alerts of one group that come within this time are one notification.',
  }),
  repeatMs: setting({
    variable: 'MILLRACE_ALERTS_REPEAT_MS',
    kind: milliseconds({ min: 60_000, max: 432_000_000 }),
    default: 86_400_000,
    unit: 'ms',
    doc: 'An alert that is not over is told of again after this time. It has to stay below the retention of the topic `alerts`.',
  }),
  timeoutMs: setting({
    variable: 'MILLRACE_ALERTS_TIMEOUT_MS',
    kind: milliseconds({ min: 100, max: 600_000 }),
    default: 15_000,
    unit: 'ms',
    doc: 'A channel that has not answered by then is tried again.',
  }),
  retryDelayMs: setting({
    variable: 'MILLRACE_ALERTS_RETRY_DELAY_MS',
    kind: milliseconds({ min: 1 }),
    default: 1_000,
    unit: 'ms',
    doc: 'First pause before a notification is tried again; doubles with each further one, with jitter.',
  }),
  retryDelayMaxMs: setting({
    variable: 'MILLRACE_ALERTS_RETRY_DELAY_MAX_MS',
    kind: milliseconds({ min: 1 }),
    default: 300_000,
    unit: 'ms',
    doc: 'Longest such pause.',
  }),
  giveUpMs: setting({
    variable: 'MILLRACE_ALERTS_GIVE_UP_MS',
    kind: milliseconds({ min: 60_000 }),
    default: 259_200_000,
    unit: 'ms',
    doc: 'A notification that no try has brought to its channel for so long goes to the dead letters.',
  }),
  email,
  slack,
  webhook,
  alertmanager,
};
