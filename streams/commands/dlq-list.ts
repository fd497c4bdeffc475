// `millrace dlq list`: what is in the dead letters, by stage, topic and reason, and the newest of them.
import type { Command } from 'commander';
import type { Letter } from '../dead-letters/letters.ts';
import { matches, readLetters } from '../dead-letters/letters.ts';
import { redrivesOf } from '../dead-letters/republication.ts';
import { LetterSummary } from '../dead-letters/summary.ts';
import { bar, count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween, progressLine } from './data-places.ts';
import { type FilterOptions, filterOf, withFilter } from './dlq-filter.ts';

interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly json?: boolean;
}

export function defineList(group: Command, context: CommandContext, action: Action): void {
  withFilter(group.command('list'))
    .description('what is in the dead letters: counts by stage, topic and reason, and the newest')
    .option(
      '-n, --limit <count>',
      'how many of the newest letters to print',
      numberBetween(0, 10_000, true),
      10,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Reads the topic dead-letters, from its beginning to where it ends now; the table dead_letters of ClickHouse may be a
little behind it. Times are when a record became a dead letter.

Examples:
  millrace dlq list
  millrace dlq list --code malformed-json --since -1h --limit 50
  millrace dlq list --topic comments --json | jq '.groups[] | [.code, .letters]'`,
    )
    .action(action((options: ListOptions) => whereOpen(context, context.io, () => list(context, options))));
}

async function list(context: CommandContext, options: ListOptions): Promise<number> {
  const { io, stack } = context;
  const open = await stack();
  const filter = filterOf(options, open.now());
  const summary = new LetterSummary(options.limit);
  const progress = progressLine(context);
  const onProgress = ({ read, total }: { read: number; total: number }) =>
    progress.show(`reading ${bar(read / Math.max(1, total), 24)} ${count(read)} letters`);
  for await (const letters of readLetters(open, { signal: io.signal, onProgress }))
    for (const each of letters) if (matches(filter, each)) summary.add(each);
  await progress.clear();
  await io.stdout.write(options.json ? jsonLine(asJson(summary)) : print(summary));
  return exitCodes.done;
}

const iso = (ms: number): string => new Date(ms).toISOString();

const asJson = ({ letters, groups, newest }: LetterSummary) => ({
  letters,
  groups: groups.map((group) => ({ ...group, first: iso(group.first), last: iso(group.last) })),
  newest: newest.map(rowOf),
});

const rowOf = ({ letter, time }: Letter) => ({
  id: letter.id,
  time: iso(time),
  stage: letter.stage,
  code: letter.code,
  origin: `${letter.fromTopic}/${letter.fromPartition}/${letter.fromOffset}`,
  redrives: redrivesOf(letter),
  reason: letter.reason,
});

function print(summary: LetterSummary): string {
  if (summary.letters === 0) return 'No dead letters.\n';
  const groups = summary.groups.map((group) => ({
    ...group,
    first: iso(group.first),
    last: iso(group.last),
  }));
  const newest = summary.newest.map(rowOf);
  const shown =
    newest.length === 0 ? '' : `\nThe newest ${newest.length} of ${count(summary.letters)}\n${table(newest)}`;
  return `${table(groups)}${shown}`;
}
