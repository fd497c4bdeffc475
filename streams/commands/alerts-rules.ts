// `millrace alerts rules`: every rule, what its signal is now, and whether it fires.
import type { Command } from 'commander';
import { alertName, isPast, type Observation, type Rule } from '../../processors/alerts/rule.ts';
import { isRetired, rulesOf } from '../alerts/alerting.ts';
import { AlertBook } from '../alerts/book.ts';
import { DriftWatch } from '../alerts/drift-watch.ts';
import { observe, type Sources } from '../alerts/signals.ts';
import { openLedger } from '../model-ledger.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

export function defineRules(group: Command, context: CommandContext, action: Action): void {
  group
    .command('rules')
    .description('every rule: what it watches, what that is now, and whether it fires')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Signals are read now, once. Built-in rules are chosen by MILLRACE_ALERTS_BUILT_IN, your own are declared under
alerting.rules: docs/alerts.md. A signal that cannot be read is told, and gives exit code 3.

Examples:
  millrace alerts rules
  millrace alerts rules --json | jq '.[] | select(.state == "firing") | .alert'`,
    )
    .action(
      action((options: { readonly json?: boolean }) =>
        whereOpen(context, context.io, () => rules(context, options.json ?? false)),
      ),
    );
}

async function rules({ io, stack }: CommandContext, json: boolean): Promise<number> {
  const open = await stack();
  const ledger = await openLedger(open);
  try {
    const book = await AlertBook.open(open, { once: true });
    const drift = await DriftWatch.open(open, { once: true });
    const sources: Sources = { stack: open, drift, isRetired: (release) => isRetired(ledger, release) };
    const rows: Row[] = [];
    for (const rule of rulesOf(open.configuration)) rows.push(...(await rowsOf(sources, book, rule)));
    await io.stdout.write(json ? jsonLine(rows) : table(rows));
    return rows.some(({ state }) => state === 'unread') ? exitCodes.partly : exitCodes.done;
  } finally {
    await ledger.close();
  }
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly state: 'ok' | 'no data' | 'past' | 'firing' | 'unread';
}

async function rowsOf(sources: Sources, book: AlertBook, rule: Rule): Promise<readonly Row[]> {
  const { forMs, severity, comparison, threshold } = rule;
  const row = (alert: string, state: Row['state'], value: number | null, now: string): Row => {
    const since = state === 'firing' ? (book.history.incident(alert)?.beganAt ?? null) : null;
    return {
      alert,
      state,
      value,
      wanted: `not ${comparison} ${threshold}`,
      forSeconds: forMs / 1_000,
      severity,
      since: since === null ? null : new Date(since).toISOString(),
      now,
    };
  };
  const fires = (name: string): boolean => book.history.incident(name)?.endedAt === null;
  const stateOf = (name: string, { value }: Observation): Row['state'] => {
    if (fires(name)) return 'firing';
    if (value === null) return 'no data';
    return isPast(rule, value) ? 'past' : 'ok';
  };
  try {
    const seen = await observe(sources, rule, sources.stack.now());
    if (seen.length === 0)
      return [row(rule.name, fires(rule.name) ? 'firing' : 'no data', null, 'nothing to watch')];
    return seen.map((one) => {
      const name = alertName(rule, one.series);
      return row(name, stateOf(name, one), one.value, one.says);
    });
  } catch (error) {
    return [row(rule.name, 'unread', null, error instanceof Error ? error.message : String(error))];
  }
}
