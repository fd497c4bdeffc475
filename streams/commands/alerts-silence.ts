// `millrace alerts silence`, `silences` and `unsilence`: alerts that nobody is told of for a while.
import { type Command, InvalidArgumentError } from 'commander';
import { type Matcher, matchesAll, printMatcher, readMatcher } from '../../processors/alerts/matcher.ts';
import { type Silence, silenceId, silenceNotice } from '../../processors/alerts/silence.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { AlertBook, publishAlerts } from '../alerts/book.ts';
import { milliseconds } from '../configuration/quantity.ts';
import { whoDecides } from '../decision-by-hand.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

interface SilenceOptions {
  readonly for: number;
  readonly reason: string;
  readonly json?: boolean;
}

const dayMs = 86_400_000;
/** The topic `alerts` is kept for a week or longer: a silence must not outlive its message. */
const longestMs = 6 * dayMs;

export function defineSilences(group: Command, context: CommandContext, action: Action): void {
  group
    .command('silence <matchers...>')
    .description('tell nobody of alerts that match, for a while; what still fires then is told')
    .requiredOption('--for <time>', 'how long: 30m, 2h, 1d; 6d at most', readTime)
    .requiredOption('--reason <text>', 'why, for those who wonder')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A matcher is name=value, name!=value, name=~expression or name!~expression, as Alertmanager has them; the expression has
to match as a whole. Names are rule, severity, group, tenant and the labels of rules. One word without an operator is a
rule and all its alerts: drift stands for drift/sentiment@1.0.0 and the others. Several matchers have to hold together.
The end of an alert whose beginning was told is told in any case.

Examples:
  millrace alerts silence drift/sentiment@1.0.0 --for 2h --reason "the campaign is known"
  millrace alerts silence severity=warning team=~"ml|data" --for 30m --reason "moving house"`,
    )
    .action(
      action((written: readonly string[], options: SilenceOptions) => {
        const matchers = written.map(matcherOf);
        return whereOpen(context, context.io, () => silence(context, matchers, options));
      }),
    );
  group
    .command('silences')
    .description('silences that are in force')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace alerts silences')
    .action(
      action((options: { readonly json?: boolean }) =>
        whereOpen(context, context.io, () => listSilences(context, options.json ?? false)),
      ),
    );
  group
    .command('unsilence <id>')
    .description('lift a silence before its end; what it hid and still fires is told')
    .addHelpText('after', '\nExample:\n  millrace alerts unsilence 3f9c01ab')
    .action(action((id: string) => whereOpen(context, context.io, () => unsilence(context, id))));
}

function readTime(text: string): number {
  const ms = milliseconds({ min: 1 }).fromText(text);
  if (typeof ms === 'number' && ms >= 1_000 && ms <= longestMs) return Math.round(ms);
  throw new InvalidArgumentError('It has to be a time such as 30m, 2h or 1d, from 1s to 6d.');
}

function matcherOf(written: string): Matcher {
  const matcher = readMatcher(written);
  if (typeof matcher !== 'string') return matcher;
  throw new Misconfigured(matcher, {
    code: 'bad-argument',
    fix: 'Write name=value, name!=value, name=~expression, name!~expression, or the name of a rule.',
  });
}

async function silence(
  { io, stack }: CommandContext,
  matchers: readonly Matcher[],
  options: SilenceOptions,
): Promise<number> {
  const open = await stack();
  const from = open.now();
  const words = { matchers, from, to: from + options.for, by: whoDecides(), reason: options.reason };
  const made: Silence = { id: silenceId(words), ...words };
  const { history } = await AlertBook.open(open, { once: true });
  await publishAlerts(open, [silenceNotice(made, 'firing', from)]);
  const hidden = history.firing.filter(({ alert }) => matchesAll(matchers, alert)).map(({ rule }) => rule);
  const now = hidden.length === 0 ? 'nothing that matches fires now' : `firing now: ${hidden.join(', ')}`;
  await io.stdout.write(
    options.json
      ? jsonLine({ ...rowOf(made), firing: hidden })
      : `silence ${made.id} until ${new Date(made.to).toISOString()}; ${now}\n`,
  );
  return exitCodes.done;
}

const rowOf = ({ id, matchers, from, to, by, reason }: Silence) => ({
  id,
  matchers: matchers.map(printMatcher).join(' '),
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  by,
  reason,
});

async function listSilences({ io, stack }: CommandContext, json: boolean): Promise<number> {
  const open = await stack();
  const { history } = await AlertBook.open(open, { once: true });
  const rows = history.silences.filter(({ to }) => to > open.now()).map(rowOf);
  const text = rows.length === 0 ? 'No silences.\n' : table(rows);
  await io.stdout.write(json ? jsonLine(rows) : text);
  return exitCodes.done;
}

async function unsilence({ io, stack }: CommandContext, id: string): Promise<number> {
  const open = await stack();
  const now = open.now();
  const { history } = await AlertBook.open(open, { once: true });
  const known = history.silences.find((each) => each.id === id && each.to > now);
  if (!known)
    throw new Misconfigured(`no silence ${id} is in force`, {
      code: 'no-silence',
      fix: 'See `millrace alerts silences`.',
    });
  await publishAlerts(open, [silenceNotice({ ...known, by: whoDecides() }, 'resolved', now)]);
  await io.stdout.write(`silence ${id} is lifted\n`);
  return exitCodes.done;
}
