// `millrace alerts test`: one notification through a channel, now, and what came of it.
import { Argument, type Command } from 'commander';
import { type Channel, NotificationRefused } from '../../connectors/notification/channel.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { Notification } from '../../schemas/notification.ts';
import { channelsOf } from '../alerts/channels.ts';
import { channelNames } from '../configuration/alert-rule-settings.ts';
import { whoDecides } from '../decision-by-hand.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

export function defineTest(group: Command, context: CommandContext, action: Action): void {
  group
    .command('test')
    .addArgument(new Argument('<channel>').choices(channelNames))
    .description('send one test notification through a channel, once, past the topic')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Channels are ${channelNames.join(', ')}. Exit code 2: the channel is not set up, or refuses what it got; 4: it does not
answer, or asks to come later.

Examples:
  millrace alerts test slack
  MILLRACE_ALERTS_EMAIL_HOST=localhost MILLRACE_ALERTS_EMAIL_PORT=1025 MILLRACE_ALERTS_EMAIL_SECURITY=none \\
    MILLRACE_ALERTS_EMAIL_FROM=a@example.org MILLRACE_ALERTS_EMAIL_TO=b@example.org millrace alerts test email`,
    )
    .action(
      action((name: string, options: { readonly json?: boolean }) =>
        send(context, name, options.json ?? false),
      ),
    );
}

async function send({ io, configuration }: CommandContext, name: string, json: boolean): Promise<number> {
  const now = Date.now;
  const open = channelsOf({ configuration, now }).find(({ channel }) => channel.name === name);
  if (!open)
    throw new Misconfigured(`the channel ${name} is not set up`, {
      code: 'no-channel',
      fix: `Set the settings alerting.${name}: \`millrace config show\` lists them.`,
    });
  const began = performance.now();
  await unlessInterrupted(io, delivered(open.channel, testOf(now()), io.signal));
  const ms = Math.round(performance.now() - began);
  await io.stdout.write(json ? jsonLine({ channel: name, ms }) : `${name} took it in ${ms} ms\n`);
  return exitCodes.done;
}

async function delivered(channel: Channel, notification: Notification, signal: AbortSignal): Promise<void> {
  try {
    await channel.send(notification, signal);
  } catch (error) {
    if (!(error instanceof NotificationRefused)) throw error;
    throw new Misconfigured(error.message, {
      code: 'notification-refused',
      fix: 'Look at the address and the credentials of the channel.',
      cause: error,
    });
  }
}

function testOf(now: number): Notification {
  const id = derivedId('test', String(now));
  const summary = `a test by ${whoDecides()}: nothing is wrong`;
  const alert = {
    id,
    rule: 'test',
    severity: 'info',
    state: 'resolved',
    summary,
    incident: id,
    startsAt: now,
    endsAt: now,
    labels: {},
    evidence: {},
  } as const;
  return {
    id,
    group: 'test',
    state: 'resolved',
    severity: 'info',
    subject: `[TEST] ${summary}`,
    alerts: [alert],
  };
}
