// `millrace alerts list` and `alerts resolve`: the latest incident of every rule, and an end by hand.
import type { Command } from 'commander';
import type { Incident } from '../../processors/alerts/history.ts';
import type { Alert } from '../../schemas/alert.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { derivedId } from '../../schemas/identity.ts';
import { AlertBook, publishAlerts } from '../alerts/book.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

interface ListOptions {
  readonly firing?: boolean;
  readonly json?: boolean;
}

export function defineList(group: Command, context: CommandContext, action: Action): void {
  group
    .command('list')
    .description('the latest incident of every rule that has had one')
    .option('--firing', 'only those that are not over')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Reads the topic alerts as far back as it is kept; the table alerts of ClickHouse holds all of them.

Examples:
  millrace alerts list --firing
  millrace alerts list --json | jq '.[] | select(.severity == "critical") | .rule'
  millrace sql "SELECT rule, count() FROM alerts WHERE state = 'firing' GROUP BY rule"`,
    )
    .action(action((options: ListOptions) => whereOpen(context, context.io, () => list(context, options))));
  group
    .command('resolve <rule>')
    .description('end an alert by hand, such as one of a stream that was stopped and runs again')
    .option('--reason <text>', 'why, for those who are told', 'by hand')
    .addHelpText(
      'after',
      `
An alert whose rule still sees the same begins anew at its next look.

Example:
  millrace alerts resolve breaker/features --reason "the sender is put right"`,
    )
    .action(
      action((rule: string, { reason }: { readonly reason: string }) =>
        whereOpen(context, context.io, () => resolve(context, rule, reason)),
      ),
    );
}

async function list({ io, stack }: CommandContext, { firing, json }: ListOptions): Promise<number> {
  const open = await stack();
  const { history } = await AlertBook.open(open, { once: true });
  const incidents = firing ? history.firing : history.latest;
  const now = open.now();
  const rows = incidents.map((incident) =>
    rowOf(incident, history.hiddenBy(incident.alert, now)?.reason ?? null),
  );
  if (json) await io.stdout.write(jsonLine(rows));
  else
    await io.stdout.write(
      rows.length === 0 ? 'No alerts.\n' : table(rows.map(({ evidence: _, ...row }) => row)),
    );
  return exitCodes.done;
}

function rowOf({ rule, alert, beganAt, endedAt, id }: Incident, hidden: string | null) {
  return {
    rule,
    state: endedAt === null ? 'firing' : 'resolved',
    severity: alert.severity,
    group: alert.group,
    since: new Date(beganAt).toISOString(),
    until: endedAt === null ? null : new Date(endedAt).toISOString(),
    hidden: endedAt === null ? hidden : null,
    summary: alert.summary,
    incident: id,
    evidence: alert.evidence,
  };
}

async function resolve({ io, stack }: CommandContext, rule: string, reason: string): Promise<number> {
  const open = await stack();
  const { history } = await AlertBook.open(open, { once: true });
  const incident = history.incident(rule);
  if (incident?.endedAt !== null)
    throw new Misconfigured(`no alert of ${rule} fires`, {
      code: 'no-alert',
      fix: 'See `millrace alerts list --firing`.',
    });
  await publishAlerts(open, [endOf(incident, reason, open.now())]);
  await io.stdout.write(`${rule} is over\n`);
  return exitCodes.done;
}

function endOf({ rule, alert, id }: Incident, reason: string, now: number): Alert {
  return {
    ...alert,
    id: derivedId('alert', rule, id, 'by hand'),
    state: 'resolved',
    eventTime: now,
    ingestTime: now,
    source: 'people',
    summary: `${rule}: over (${reason})`,
  };
}
